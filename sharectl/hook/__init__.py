"""What libvirt runs before a domain starts, and systemd or cron at boot: a program of its own."""
