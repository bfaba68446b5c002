/* Tools of the virtual board's tests, in one static program:
 *   tools fire FILE COUNT PERIOD_US   COUNT rising edges on the simulated line whose pull is set by FILE, one a period
 *   tools hold PID NAME               stops the one thread of PID that is called NAME, until this program ends,
 *                                     as a stuck stage would */
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static long now_us(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec * 1000000L + t.tv_nsec / 1000;
}

static void pull(int file, const char *way) {
    if (pwrite(file, way, strlen(way), 0) < 0) { perror("pull"); exit(1); }
}

static int fire(const char *path, int count, long period_us) {
    int file = open(path, O_WRONLY);
    if (file < 0) { perror(path); return 1; }
    long began = now_us();
    for (int i = 0; i < count; i++) {
        while (now_us() < began + i * period_us) {}
        pull(file, "pull-up");
        pull(file, "pull-down");
    }
    printf("%d edges in %ld us\n", count, now_us() - began);
    return 0;
}

static int thread_named(int pid, const char *name) {
    char path[300], text[64];
    snprintf(path, sizeof path, "/proc/%d/task", pid);
    DIR *folder = opendir(path);
    struct dirent *entry;
    while (folder && (entry = readdir(folder))) {
        snprintf(path, sizeof path, "/proc/%d/task/%s/comm", pid, entry->d_name);
        FILE *file = fopen(path, "r");
        if (!file) continue;
        int fits = fgets(text, sizeof text, file) && !strncmp(text, name, strlen(name)) && text[strlen(name)] == '\n';
        fclose(file);
        if (fits) return atoi(entry->d_name);
    }
    return 0;
}

static int hold(int pid, const char *name) {
    int thread = thread_named(pid, name), status;
    if (!thread) { fprintf(stderr, "%d has no thread %s\n", pid, name); return 1; }
    if (ptrace(PTRACE_SEIZE, thread, 0, 0) || ptrace(PTRACE_INTERRUPT, thread, 0, 0)) { perror("ptrace"); return 1; }
    waitpid(thread, &status, __WALL);
    puts("held");
    fflush(stdout);
    while (waitpid(thread, &status, __WALL) >= 0 && !WIFEXITED(status) && !WIFSIGNALED(status))
        ptrace(PTRACE_CONT, thread, 0, 0);
    return 0;
}

int main(int count, char **words) {
    if (count == 5 && !strcmp(words[1], "fire")) return fire(words[2], atoi(words[3]), atol(words[4]));
    if (count == 4 && !strcmp(words[1], "hold")) return hold(atoi(words[2]), words[3]);
    fputs("usage: tools fire FILE COUNT PERIOD_US | hold PID NAME\n", stderr);
    return 64;
}
