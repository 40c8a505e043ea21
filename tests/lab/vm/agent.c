/*
 * The first process of the lab VM: runs what clients ask for over TCP.
 *
 * It is a small static program because starting an interpreter costs seconds under emulation.
 * One connection is one command; a forked process serves it, so several run at once.
 *
 * Both ends send frames: one byte of kind, four of length (big endian), the data.
 *
 *   'r'  client, first  NUL-ended strings: working directory, number of arguments, the
 *                       arguments, then the environment as NAME=VALUE
 *   'i'  client         a piece of standard input, at most MAX_PIECE; empty: its end
 *   'k'  client         a signal number in decimal, for the command's process group
 *   '1'  agent          a piece of standard output
 *   '2'  agent          a piece of standard error
 *   'x'  agent, last    "exit STATUS", "signal NUMBER", or "errno NUMBER" if exec failed
 *
 * When a client hangs up, its command's process group is killed.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { PORT = 7000, MAX_PIECE = 1 << 16, MAX_REQUEST = 1 << 20, GRACE_MS = 500 };

static const char READY[] = "lab: the agent listens\n";

/* The command being served. Its standard input waits in `pending` while its pipe is full. */
static struct {
    pid_t pid;
    int input, output, error, ended;
    char pending[MAX_PIECE];
    size_t pending_from, pending_to;
} command = {.input = -1};

static int sock;

static void hang_up(void)
{
    if (command.pid > 0)
        kill(-command.pid, SIGKILL);
    _exit(0);
}

static void receive(void *data, size_t size)
{
    for (char *to = data; size > 0;) {
        ssize_t got = recv(sock, to, size, 0);
        if (got <= 0)
            hang_up();
        to += got;
        size -= (size_t)got;
    }
}

static uint32_t receive_header(char *kind)
{
    uint32_t length;
    receive(kind, 1);
    receive(&length, sizeof length);
    return ntohl(length);
}

static void send_frame(char kind, const char *data, size_t size)
{
    char frame[5 + MAX_PIECE];
    uint32_t length = htonl((uint32_t)size);
    frame[0] = kind;
    memcpy(frame + 1, &length, sizeof length);
    memcpy(frame + 5, data, size);
    size += 5;
    for (const char *from = frame; size > 0;) {
        ssize_t sent = send(sock, from, size, MSG_NOSIGNAL);
        if (sent < 0)
            hang_up();
        from += sent;
        size -= (size_t)sent;
    }
}

static void send_result(const char *word, int number)
{
    char text[32];
    send_frame('x', text, (size_t)snprintf(text, sizeof text, "%s %d", word, number));
}

/* In the new process: become the command, or report errno through `report`. */
static void execute(char *cwd, char **argv, char **envp, const int standard[3], int report)
{
    setsid();
    signal(SIGPIPE, SIG_DFL);
    for (int fd = 0; fd < 3; fd++)
        dup2(standard[fd], fd);
    if (chdir(cwd) == 0) {
        environ = envp;
        execvp(argv[0], argv);
    }
    int error = errno;
    if (write(report, &error, sizeof error) < 0)
        _exit(126);
    _exit(127);
}

/* Split the request and start the command; returns 0 or the errno of what failed. */
static int start(char *request, size_t size)
{
    char *at = request, *end = request + size;
    char *cwd = at;
    at += strlen(at) + 1;
    long count = strtol(at, NULL, 10);
    at += strlen(at) + 1;
    /* Each string takes at least the byte that ends it, so there are at most `size`. */
    char **argv = calloc(size + 2, sizeof *argv), **envp = argv + count + 1;
    for (long i = 0; i < count && at < end; i++, at += strlen(at) + 1)
        argv[i] = at;
    for (size_t i = 0; at < end; i++, at += strlen(at) + 1)
        envp[i] = at;

    int in[2], out[2], err[2], report[2], error = 0;
    if (pipe2(in, O_CLOEXEC) || pipe2(out, O_CLOEXEC) || pipe2(err, O_CLOEXEC) ||
        pipe2(report, O_CLOEXEC))
        return errno;
    command.pid = fork();
    if (command.pid < 0)
        return errno;
    if (command.pid == 0)
        execute(cwd, argv, envp, (int[]){in[0], out[1], err[1]}, report[1]);
    close(in[0]), close(out[1]), close(err[1]), close(report[1]);
    if (read(report[0], &error, sizeof error) > 0)
        return error;
    close(report[0]);
    fcntl(in[1], F_SETFL, O_NONBLOCK);
    command.input = in[1], command.output = out[0], command.error = err[0];
    command.ended = (int)syscall(SYS_pidfd_open, command.pid, 0);
    return 0;
}

static void close_input(void)
{
    close(command.input);
    command.input = -1;
    command.pending_from = command.pending_to = 0;
}

static void pass_input(void)
{
    ssize_t written = write(command.input, command.pending + command.pending_from,
                            command.pending_to - command.pending_from);
    if (written >= 0)
        command.pending_from += (size_t)written;
    else if (errno != EAGAIN)
        close_input(); /* the command reads no more, as head(1) does */
}

static void obey(void)
{
    char kind, piece[MAX_PIECE + 1];
    uint32_t size = receive_header(&kind);
    if (size > MAX_PIECE)
        hang_up();
    receive(piece, size);
    piece[size] = '\0';
    if (kind == 'k') {
        kill(-command.pid, atoi(piece));
    } else if (command.input >= 0 && size == 0) {
        close_input();
    } else if (command.input >= 0) {
        memcpy(command.pending, piece, size);
        command.pending_from = 0, command.pending_to = size;
    }
}

/* Pass on what a pipe holds; at its end forget it (poll() skips negative descriptors). */
static void pass_output(int *pipe_end, char kind)
{
    char piece[MAX_PIECE];
    ssize_t got = read(*pipe_end, piece, sizeof piece);
    if (got > 0) {
        send_frame(kind, piece, (size_t)got);
    } else {
        close(*pipe_end);
        *pipe_end = -1;
    }
}

static long now_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/*
 * Until the command has ended and its pipes are closed. A process it left in the background may
 * hold them open for ever: they are given half a second.
 */
static void attend(void)
{
    long deadline = 0;
    while (command.ended >= 0 || command.output >= 0 || command.error >= 0) {
        int full = command.pending_from < command.pending_to;
        struct pollfd ready[] = {
            {.fd = sock, .events = full ? POLLRDHUP : POLLIN | POLLRDHUP},
            {.fd = full ? command.input : -1, .events = POLLOUT},
            {.fd = command.output, .events = POLLIN},
            {.fd = command.error, .events = POLLIN},
            {.fd = command.ended, .events = POLLIN},
        };
        long left = deadline - now_ms();
        int count = poll(ready, 5, deadline == 0 ? -1 : left > 0 ? (int)left : 0);
        if (count == 0)
            return;
        if (ready[0].revents & POLLIN)
            obey();
        else if (ready[0].revents)
            hang_up();
        if (ready[1].revents)
            pass_input();
        if (ready[2].revents)
            pass_output(&command.output, '1');
        if (ready[3].revents)
            pass_output(&command.error, '2');
        if (ready[4].revents) {
            close(command.ended);
            command.ended = -1;
            deadline = now_ms() + GRACE_MS;
        }
    }
}

static void serve(void)
{
    char kind;
    uint32_t size = receive_header(&kind);
    if (kind != 'r' || size > MAX_REQUEST)
        _exit(1);
    char *request = calloc(1, size + 1);
    receive(request, size);
    int error = start(request, size);
    if (error) {
        send_result("errno", error);
        _exit(0);
    }
    attend();
    int status;
    waitpid(command.pid, &status, 0);
    if (WIFSIGNALED(status))
        send_result("signal", WTERMSIG(status));
    else
        send_result("exit", WEXITSTATUS(status));
    _exit(0);
}

static void say_ready(void)
{
    int console = open("/dev/console", O_WRONLY | O_CLOEXEC);
    if (write(console, READY, sizeof READY - 1) < 0)
        perror("lab: console");
    close(console);
}

int main(void)
{
    signal(SIGCHLD, SIG_IGN); /* the kernel reaps our children and all orphans */
    int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), one = 1;
    struct sockaddr_in any = {.sin_family = AF_INET, .sin_port = htons(PORT)};
    if (bind(listener, (struct sockaddr *)&any, sizeof any) || listen(listener, 64)) {
        perror("lab: listen");
        return 1;
    }
    say_ready();
    for (;;) {
        sock = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
        if (sock < 0)
            continue;
        if (fork() == 0) {
            signal(SIGCHLD, SIG_DFL);
            signal(SIGPIPE, SIG_IGN); /* a command may close its standard input */
            setsockopt(sock, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
            serve();
        }
        close(sock);
    }
}
