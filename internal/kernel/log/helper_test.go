package log

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"jingwei/internal/kernel/file"
	"jingwei/internal/kernel/file/fault"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var quiet = slog.New(slog.NewTextHandler(io.Discard, nil))

// clock is a clock that is set back now and then.
type clock struct {
	sync.Mutex
	rng *rand.Rand
	ns  int64
}

func newClock(rng *rand.Rand) *clock {
	return &clock{rng: rand.New(rand.NewPCG(rng.Uint64(), 7)), ns: 1_750_000_000_000_000_000 + rng.Int64N(1000)}
}

func (c *clock) now() time.Time {
	c.Lock()
	defer c.Unlock()
	c.ns += c.rng.Int64N(2000) - 500
	return time.Unix(0, c.ns)
}

// small are options for a journal of small segments on fs.
func small(fs file.FS, dir string) Options {
	return Options{FS: fs, Dir: dir, SegmentBytes: 64 << 10, MaxBytes: 1 << 20, Logger: quiet}
}

// eachDisk runs a test on the real file system and on the one in memory.
func eachDisk(t *testing.T, test func(t *testing.T, o Options)) {
	t.Run("os", func(t *testing.T) { test(t, small(file.OS(), t.TempDir())) })
	t.Run("memory", func(t *testing.T) { test(t, small(fault.NewDisk(1), "/journal")) })
}

func open(t *testing.T, o Options) *Log {
	t.Helper()
	l, err := Open(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	return l
}

func shut(t *testing.T, l *Log) {
	t.Helper()
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
}

func partition(t *testing.T, l *Log, name string) *Partition {
	t.Helper()
	p, err := l.Partition(name)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// put appends one record and waits for its acknowledgement.
func put(p *Partition, record string) (Commit, error) {
	type answer struct {
		c   Commit
		err error
	}
	acked := make(chan answer, 1)
	if err := p.Append(context.Background(), []byte(record), func(c Commit, err error) { acked <- answer{c, err} }); err != nil {
		return Commit{}, err
	}
	a := <-acked
	return a.c, a.err
}

func mustPut(t *testing.T, p *Partition, record string) Commit {
	t.Helper()
	c, err := put(p, record)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// all returns what TryNext gives, as "number:data", data cut to its first 12 bytes.
func all(t *testing.T, r *Reader) (list []string) {
	t.Helper()
	for {
		rec, ok, err := r.TryNext()
		if err != nil {
			t.Fatal(err)
		}
		if !ok {
			return list
		}
		list = append(list, fmt.Sprintf("%d:%s", rec.Number, rec.Data[:min(12, len(rec.Data))]))
	}
}

func wantList(t *testing.T, got []string, want ...string) {
	t.Helper()
	if strings.Join(got, " ") != strings.Join(want, " ") {
		t.Fatalf("got %v, want %v", got, want)
	}
}

func wantError(t *testing.T, err, want error) {
	t.Helper()
	if !errors.Is(err, want) {
		t.Fatalf("got error %v, want %v", err, want)
	}
}

// wantCorrupt checks that err is a *CorruptError of the segment, and returns it.
func wantCorrupt(t *testing.T, err error, segment string) *CorruptError {
	t.Helper()
	var c *CorruptError
	if !errors.As(err, &c) || c.Segment != segment {
		t.Fatalf("got error %v, want a CorruptError of %s", err, segment)
	}
	return c
}

// gate makes every Datasync of segment files wait for an entry in it.
func gate(d *fault.Disk) (pass chan struct{}, open func()) {
	pass = make(chan struct{})
	closed := make(chan struct{})
	d.OnEvent(func(e fault.Event) {
		if e.Op == "datasync-start" && strings.HasSuffix(e.Name, ".seg") {
			select {
			case <-pass:
			case <-closed:
			}
		}
	})
	return pass, sync.OnceFunc(func() { close(closed) })
}

// big is a record of n bytes that begins with text.
func big(text string, n int) string { return text + strings.Repeat(".", n-len(text)) }
