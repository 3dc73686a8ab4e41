/* The ceiling: what plain sockets carry when the server does no work.
 *
 *   echo udp|tcp PORT OCTETS
 *
 * Answers every Handle request with a well-formed success of OCTETS octets that names the identifier asked for and holds
 * nothing else: no lookup, no permission, no limits. UDP in batches of recvmmsg and sendmmsg, TCP with epoll and one
 * write for all requests of a read. One thread, loopback only, ends with its parent.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
    BATCH = 64,
    PACKET = 512,
    ENVELOPE = 20,
    BODY_AT = 44,
    CHUNK = 65536,
    ANSWERS = 1 << 20,
    CONNECTIONS = 4096,
};

/* A connection's octets between two reads, and between two writes. */
struct connection {
    size_t unread, unwritten;
    unsigned char *answers;
    unsigned char octets[CHUNK];
};

static unsigned char in[BATCH][PACKET], out[BATCH][PACKET];
static struct connection *connections[CONNECTIONS];
static unsigned answer_octets = 360;

static uint32_t read_u32(const unsigned char *at)
{
    return (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3];
}

static void write_u32(unsigned char *at, uint32_t value)
{
    at[0] = value >> 24;
    at[1] = value >> 16;
    at[2] = value >> 8;
    at[3] = value;
}

/* The answer to one whole request; 0 when it is none. */
static unsigned answer(unsigned char *to, const unsigned char *request, size_t size)
{
    if (size < BODY_AT + 4 || read_u32(request + BODY_AT) > size - BODY_AT - 4)
        return 0;
    uint32_t name = read_u32(request + BODY_AT);
    if (BODY_AT + 4 + name > answer_octets - 4)
        return 0;
    memcpy(to, request, BODY_AT + 4 + name);
    write_u32(to + 16, answer_octets - ENVELOPE);
    write_u32(to + 24, 1);
    write_u32(to + 40, answer_octets - BODY_AT - 4);
    return answer_octets;
}

static int listening(int type, int port)
{
    struct sockaddr_in here = {.sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int one = 1, size = 4 << 20, fd = socket(AF_INET, type, 0);
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
    if (type == SOCK_DGRAM)
        setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof size);
    if (fd < 0 || bind(fd, (struct sockaddr *)&here, sizeof here) < 0 || (type == SOCK_STREAM && listen(fd, 1024) < 0)) {
        perror("echo");
        exit(1);
    }
    return fd;
}

static void serve_udp(int port)
{
    static struct mmsghdr received[BATCH], sent[BATCH];
    static struct iovec into[BATCH], from[BATCH];
    static struct sockaddr_in peers[BATCH];
    int fd = listening(SOCK_DGRAM, port);
    for (;;) {
        for (int i = 0; i < BATCH; i++) {
            into[i] = (struct iovec){in[i], PACKET};
            received[i].msg_hdr = (struct msghdr){&peers[i], sizeof peers[i], &into[i], 1, NULL, 0, 0};
        }
        int count = recvmmsg(fd, received, BATCH, MSG_WAITFORONE, NULL), answers = 0;
        for (int i = 0; i < count; i++) {
            unsigned size = answer(out[answers], in[i], received[i].msg_len);
            if (!size)
                continue;
            from[answers] = (struct iovec){out[answers], size};
            sent[answers].msg_hdr = (struct msghdr){&peers[i], sizeof peers[i], &from[answers], 1, NULL, 0, 0};
            answers++;
        }
        if (answers)
            sendmmsg(fd, sent, answers, 0);
    }
}

static void end_connection(int fd)
{
    free(connections[fd]->answers);
    free(connections[fd]);
    connections[fd] = NULL;
    close(fd);
}

/* Write what there is; 0 when the peer is gone. */
static int write_answers(int poll, int fd)
{
    struct connection *one = connections[fd];
    ssize_t sent = send(fd, one->answers, one->unwritten, MSG_NOSIGNAL | MSG_DONTWAIT);
    if (sent < 0 && errno != EAGAIN)
        return 0;
    if (sent < 0)
        sent = 0;
    int was_full = sent < (ssize_t)one->unwritten;
    memmove(one->answers, one->answers + sent, one->unwritten - sent);
    one->unwritten -= sent;
    /* While the peer does not read, nothing more is read from it. */
    struct epoll_event event = {was_full ? EPOLLOUT : EPOLLIN, {.fd = fd}};
    static unsigned char waiting[CONNECTIONS];
    if (waiting[fd] != was_full)
        epoll_ctl(poll, EPOLL_CTL_MOD, fd, &event);
    waiting[fd] = was_full;
    return 1;
}

static int read_requests(int fd)
{
    struct connection *one = connections[fd];
    ssize_t arrived = recv(fd, one->octets + one->unread, CHUNK - one->unread, MSG_DONTWAIT);
    if (arrived <= 0)
        return arrived < 0 && errno == EAGAIN;
    size_t size = one->unread + arrived, at = 0;
    while (size - at >= ENVELOPE) {
        size_t length = ENVELOPE + (size_t)read_u32(one->octets + at + 16);
        if (length > PACKET)
            return 0;
        if (size - at < length)
            break;
        if (one->unwritten + answer_octets > ANSWERS)
            return 0;
        one->unwritten += answer(one->answers + one->unwritten, one->octets + at, length);
        at += length;
    }
    memmove(one->octets, one->octets + at, size - at);
    one->unread = size - at;
    return 1;
}

static void serve_tcp(int port)
{
    int door = listening(SOCK_STREAM, port), poll = epoll_create1(0), one = 1;
    struct epoll_event events[256], event = {EPOLLIN, {.fd = door}};
    epoll_ctl(poll, EPOLL_CTL_ADD, door, &event);
    for (;;) {
        int count = epoll_wait(poll, events, 256, -1);
        for (int i = 0; i < count; i++) {
            int fd = events[i].data.fd;
            if (fd == door) {
                fd = accept4(door, NULL, NULL, SOCK_NONBLOCK);
                if (fd < 0)
                    continue;
                struct connection *fresh = fd < CONNECTIONS ? calloc(1, sizeof *fresh) : NULL;
                if (!fresh || !(fresh->answers = malloc(ANSWERS))) {
                    free(fresh);
                    close(fd);
                    continue;
                }
                connections[fd] = fresh;
                setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
                event = (struct epoll_event){EPOLLIN, {.fd = fd}};
                epoll_ctl(poll, EPOLL_CTL_ADD, fd, &event);
                continue;
            }
            if ((events[i].events & (EPOLLIN | EPOLLHUP | EPOLLERR) && !read_requests(fd))
                || (connections[fd]->unwritten && !write_answers(poll, fd)))
                end_connection(fd);
        }
    }
}

int main(int count, char **words)
{
    if (count != 4)
        return 2;
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    answer_octets = atoi(words[3]);
    if (answer_octets < BODY_AT + 8 || answer_octets > PACKET)
        return 2;
    if (strcmp(words[1], "udp") == 0)
        serve_udp(atoi(words[2]));
    else
        serve_tcp(atoi(words[2]));
    return 0;
}
