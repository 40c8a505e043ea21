/*
 * The first program of the lab VM: loads modules, mounts the machine's root, becomes the agent,
 * or, with lab.systemd on the kernel's command line, systemd: then the disk is what outlives a
 * reboot, and has an upper layer, packages for another lower one being served (`host.py`).
 *
 * It is a program and not a shell script because under emulation each command of a script costs
 * 40 ms. The kernel's command line says what is served live, each at its own path, and which
 * folder therein comes from the root after all: lab.live=TAG:PATH,TAG:PATH lab.cached=PATH
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <net/route.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

struct mount {
    const char *source, *target, *type, *data;
    unsigned long flags;
};

static const struct mount KERNEL[] = {
    {"proc", "/proc", "proc", NULL, 0},
    {"sysfs", "/sys", "sysfs", NULL, 0},
    {"devtmpfs", "/dev", "devtmpfs", NULL, 0},
};

/* The root: a tmpfs over the unpacked packages over the machine's own root. */
static const struct mount LAYERS[] = {
    {"root", "/lower", "virtiofs", NULL, MS_RDONLY},
    {"layer", "/layer", "virtiofs", NULL, MS_RDONLY},
};
static const struct mount IN_MEMORY[] = {
    {"upper", "/upper", "tmpfs", "size=75%,mode=755", 0},
    {"overlay", "/new", "overlay",
     "lowerdir=/layer:/lower,upperdir=/upper/data,workdir=/upper/work", 0},
};
static const struct mount ON_DISK[] = {
    {"/dev/vda", "/upper", "ext4", NULL, 0},
    {"host", "/host", "virtiofs", NULL, MS_RDONLY},
    {"overlay", "/new", "overlay",
     "lowerdir=/host:/layer:/lower,upperdir=/upper/data,workdir=/upper/work", 0},
};
static const struct mount OVERLAY[] = {
    {"/proc", "/new/proc", NULL, NULL, MS_MOVE},
    {"/sys", "/new/sys", NULL, NULL, MS_MOVE},
    {"/dev", "/new/dev", NULL, NULL, MS_MOVE},
};

/* What lies below the root, which is the working directory by then. */
static const struct mount ROOT[] = {
    {"devpts", "dev/pts", "devpts", "gid=5,mode=620,ptmxmode=666", 0},
    {"shm", "dev/shm", "tmpfs", "mode=1777", 0},
    {"hugetlbfs", "dev/hugepages", "hugetlbfs", NULL, 0},
    {"cgroup2", "sys/fs/cgroup", "cgroup2", NULL, 0},
    {"run", "run", "tmpfs", "mode=755", 0},
    {"tmp", "tmp", "tmpfs", "mode=1777", 0},
    {"tmp", "var/tmp", "tmpfs", "mode=1777", 0},
};
/* What the machine keeps here is not the VM's business. */
static const char *const PRIVATE[] = {
    "var/lib/libvirt",  "var/log/libvirt", "var/cache/libvirt",
    "var/lib/sharectl", "etc/sharectl",    "etc/systemd/system",
};

static void give_up(const char *what)
{
    fprintf(stderr, "lab: %s: %s\n", what, strerror(errno));
    sync();
    reboot(RB_POWER_OFF);
}

static void make_folders(const char *path)
{
    char part[4096];
    for (size_t i = 1; i <= strlen(path) && i < sizeof part; i++)
        if (path[i] == '/' || path[i] == '\0') {
            memcpy(part, path, i);
            part[i] = '\0';
            mkdir(part, 0755);
        }
}

static void mount_one(const struct mount *m)
{
    make_folders(m->target);
    if (mount(m->source, m->target, m->type, m->flags, m->data))
        give_up(m->target);
}

#define MOUNT_ALL(table)                                                                     \
    for (size_t i = 0; i < sizeof(table) / sizeof *(table); i++)                             \
    mount_one(&(table)[i])

/* /modules names the files in /lib, each after those that it needs. */
static void load_modules(void)
{
    char name[256], path[300];
    FILE *list = fopen("/modules", "re");
    while (list && fscanf(list, "%255s", name) == 1) {
        snprintf(path, sizeof path, "/lib/%s", name);
        int file = open(path, O_RDONLY | O_CLOEXEC);
        if (syscall(SYS_finit_module, file, "", 0))
            give_up(name);
        close(file);
    }
}

/* The value of a word NAME=VALUE of the kernel's command line, or NULL. */
static char *option(const char *name)
{
    static char line[4096];
    FILE *file = fopen("proc/cmdline", "re");
    if (!file || !fgets(line, sizeof line, file))
        give_up("/proc/cmdline");
    fclose(file);
    for (char *word = strtok(line, " \n"); word; word = strtok(NULL, " \n"))
        if (strncmp(word, name, strlen(name)) == 0 && word[strlen(name)] == '=')
            return word + strlen(name) + 1;
    return NULL;
}

/* Folders that start empty: in memory, or on the disk. */
static void mount_private(int on_disk)
{
    char source[300];
    for (size_t i = 0; i < sizeof(PRIVATE) / sizeof *(PRIVATE); i++) {
        struct mount m = {"private", PRIVATE[i], "tmpfs", "mode=755", 0};
        if (on_disk) {
            snprintf(source, sizeof source, "/upper/private/%s", PRIVATE[i]);
            make_folders(source);
            m = (struct mount){source, PRIVATE[i], NULL, NULL, MS_BIND};
        }
        mount_one(&m);
    }
}

static void mount_shares(void)
{
    char source[4096], target[4096];
    for (char *tag = strtok(option("lab.live"), ":"); tag; tag = strtok(NULL, ":")) {
        snprintf(target, sizeof target, ".%s", strtok(NULL, ","));
        mount_one(&(struct mount){tag, target, "virtiofs", NULL, 0});
    }
    const char *cached = option("lab.cached");
    snprintf(source, sizeof source, "/lower%s", cached);
    snprintf(target, sizeof target, ".%s", cached);
    if (access(source, F_OK) == 0)
        mount_one(&(struct mount){source, target, NULL, NULL, MS_BIND});
}

static struct sockaddr address(const char *text)
{
    struct sockaddr_in in = {.sin_family = AF_INET};
    inet_pton(AF_INET, text, &in.sin_addr);
    struct sockaddr any;
    memcpy(&any, &in, sizeof any);
    return any;
}

static void set_up_interface(int sock, const char *name, const char *ip, const char *mask)
{
    struct ifreq request = {0};
    strcpy(request.ifr_name, name);
    request.ifr_addr = address(ip);
    if (ioctl(sock, SIOCSIFADDR, &request))
        give_up(name);
    request.ifr_netmask = address(mask);
    ioctl(sock, SIOCSIFNETMASK, &request);
    request.ifr_flags = IFF_UP | IFF_RUNNING;
    ioctl(sock, SIOCSIFFLAGS, &request);
}

/* The addresses are those of QEMU's user networking. */
static void set_up_network(void)
{
    int sock = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    set_up_interface(sock, "lo", "127.0.0.1", "255.0.0.0");
    set_up_interface(sock, "eth0", "10.0.2.15", "255.255.255.0");
    struct rtentry route = {.rt_flags = RTF_UP | RTF_GATEWAY};
    route.rt_dst = route.rt_genmask = address("0.0.0.0");
    route.rt_gateway = address("10.0.2.2");
    if (ioctl(sock, SIOCADDRT, &route))
        give_up("default route");
    close(sock);
    sethostname("lab-vm", strlen("lab-vm"));
}

static void write_file(const char *path, const char *text)
{
    FILE *file = fopen(path, "w");
    if (!file || fputs(text, file) < 0 || fclose(file))
        give_up(path);
}

int main(void)
{
    MOUNT_ALL(KERNEL);
    int console = open("/dev/console", O_RDWR | O_CLOEXEC);
    for (int fd = 0; fd < 3; fd++)
        dup2(console, fd);
    load_modules();
    int systemd = option("lab.systemd") != NULL;
    MOUNT_ALL(LAYERS);
    if (systemd) {
        MOUNT_ALL(ON_DISK);
    } else {
        mount_one(&IN_MEMORY[0]);
        make_folders("/upper/data");
        make_folders("/upper/work");
        mount_one(&IN_MEMORY[1]);
    }
    MOUNT_ALL(OVERLAY);
    if (chdir("/new"))
        give_up("/new");
    unlink(".dockerenv"); /* the machine may be a container, the VM is none */
    MOUNT_ALL(ROOT);
    mount_private(systemd);
    mount_shares();
    if (symlink("/proc/self/fd", "dev/fd") || symlink("fd/0", "dev/stdin") ||
        symlink("fd/1", "dev/stdout") || symlink("fd/2", "dev/stderr"))
        give_up("/dev");
    make_folders("run/lock");
    write_file("etc/hosts", "127.0.0.1 localhost lab-vm\n::1 localhost\n");
    if (!systemd) /* there a unit does it, as on any host */
        set_up_network();
    int agent = open("/bin/agent", O_RDONLY | O_CLOEXEC);
    if (mount(".", "/", NULL, MS_MOVE, NULL) || chroot("."))
        give_up("new root");
    if (systemd)
        execv("/lib/systemd/systemd", (char *[]){"systemd", NULL});
    fexecve(agent, (char *[]){"lab-agent", NULL}, (char *[]){NULL});
    give_up(systemd ? "systemd" : "agent");
}
