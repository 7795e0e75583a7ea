//go:build unix

package storetest

import (
	"bytes"
	"context"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"jingwei/internal/peertest"
)

// cluster is the private PostgreSQL server of this test process. It listens on a socket in its own folder only.
type cluster struct {
	dir   string
	alive *os.File // the end of a pipe; when this process ends, however it ends, the keeper sees it closed
	admin sync.Mutex
}

var (
	once   sync.Once
	only   *cluster
	failed error
)

func shared(t testing.TB) *cluster {
	t.Helper()
	initdb, server := peertest.Require(t, "initdb"), peertest.Require(t, "postgres")
	once.Do(func() { only, failed = start(initdb, server) })
	if failed != nil {
		t.Fatalf("start a PostgreSQL cluster: %v", failed)
	}
	return only
}

// keeper starts the server, waits until its standard input ends, stops the server at once and removes the folder. It
// needs nothing from the test process, so no TestMain has to remember to stop anything, and a killed test leaves
// nothing behind.
const keeper = `"$1" -D "$2/data" -k "$2" -h "" \
	-c fsync=off -c synchronous_commit=off -c full_page_writes=off -c wal_level=minimal -c max_wal_senders=0 \
	-c shared_buffers=16MB -c max_connections=100 -c autovacuum=off -c timezone=UTC >"$2/log" 2>&1 </dev/null &
server=$!
trap '' INT TERM HUP
read -r _
kill -QUIT $server
wait $server
cd /
rm -rf "$2"`

func start(initdb, server string) (*cluster, error) {
	credential, err := unprivileged()
	if err != nil {
		return nil, err
	}
	dir, err := os.MkdirTemp("", "jwpg")
	if err != nil {
		return nil, err
	}
	if len(dir) > 80 { // a socket's path holds 107 bytes
		_ = os.RemoveAll(dir)
		if dir, err = os.MkdirTemp("/tmp", "jwpg"); err != nil {
			return nil, err
		}
	}
	if credential != nil {
		if err := os.Chown(dir, int(credential.Uid), int(credential.Gid)); err != nil {
			return nil, err
		}
	}
	// ICU's collation differs from SQLite's byte order, so that a query that leans on the order of words shows up here.
	prepare := exec.Command(initdb, "-D", filepath.Join(dir, "data"), "-U", "postgres", "-A", "trust", "-E", "UTF8",
		"--no-sync", "--no-instructions", "--locale=C.UTF-8", "--locale-provider=icu", "--icu-locale=en-US")
	prepare.Dir = dir
	prepare.SysProcAttr = &syscall.SysProcAttr{Credential: credential}
	if out, err := prepare.CombinedOutput(); err != nil {
		_ = os.RemoveAll(dir)
		return nil, fmt.Errorf("initdb: %w\n%s", err, out)
	}
	r, w, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	run := exec.Command("/bin/sh", "-c", keeper, "sh", server, dir)
	run.Dir, run.Stdin = dir, r
	run.SysProcAttr = &syscall.SysProcAttr{Credential: credential, Setpgid: true} // Ctrl-C is for the test, not for the server
	if err := run.Start(); err != nil {
		return nil, err
	}
	_ = r.Close()
	c := &cluster{dir: dir, alive: w}
	return c, c.wait()
}

// unprivileged is whom the server runs as, because PostgreSQL refuses to be run by root; nil means as this process.
func unprivileged() (*syscall.Credential, error) {
	if os.Geteuid() != 0 {
		return nil, nil
	}
	for _, name := range []string{"postgres", "nobody"} {
		u, err := user.Lookup(name)
		if err != nil {
			continue
		}
		uid, err1 := strconv.ParseUint(u.Uid, 10, 32)
		gid, err2 := strconv.ParseUint(u.Gid, 10, 32)
		if err1 == nil && err2 == nil {
			return &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid), NoSetGroups: true}, nil
		}
	}
	return nil, fmt.Errorf("this process is root and there is neither a user postgres nor nobody to run the server")
}

// wait returns when the server answers.
func (c *cluster) wait() error {
	var err error
	for range 600 {
		var conn *pgx.Conn
		if conn, err = pgx.Connect(context.Background(), c.url("postgres")); err == nil {
			return conn.Close(context.Background())
		}
		time.Sleep(50 * time.Millisecond)
	}
	out, _ := os.ReadFile(filepath.Join(c.dir, "log"))
	return fmt.Errorf("no answer within 30 s: %w\n%s", err, bytes.TrimSpace(out))
}

func (c *cluster) url(name string) string {
	u := url.URL{Scheme: "postgres", User: url.User("postgres"), Path: "/" + name, RawQuery: url.Values{"host": {c.dir}}.Encode()}
	return u.String()
}

// exec runs one administrative statement.
func (c *cluster) exec(t testing.TB, statement string) {
	t.Helper()
	c.admin.Lock()
	defer c.admin.Unlock()
	ctx := context.Background()
	conn, err := pgx.Connect(ctx, c.url("postgres"))
	if err != nil {
		t.Fatalf("connect to the test cluster: %v", err)
	}
	defer conn.Close(ctx)
	if _, err := conn.Exec(ctx, statement); err != nil {
		t.Fatalf("%s: %v", statement, err)
	}
}
