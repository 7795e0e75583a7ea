package index

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"

	"go.uber.org/goleak"

	"jingwei/internal/kernel/file"
	"jingwei/internal/kernel/file/fault"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var ctx = context.Background()

// record makes a record of a name with some bytes behind it.
func record(name string, rest []byte) []byte {
	b := binary.BigEndian.AppendUint32(nil, uint32(len(name)))
	return append(append(b, name...), rest...)
}

func key(name string) []byte { return appendKey(nil, []byte(name)) }

// truth is what SQL would hold: all commits.
type truth struct {
	commits [][]Change
	held    map[string][]byte // by key
}

func (m *truth) mark(n int) Mark {
	return Mark{int64(n), sha256.Sum256(fmt.Append(nil, n))}
}

// commit makes a random commit over a small set of names, in random spelling.
func (m *truth) commit(r *rand.Rand) ([]Change, Mark) {
	var list []Change
	for range 1 + r.IntN(20) {
		name := fmt.Sprintf("88.101/abc%d", r.IntN(400))
		if r.IntN(2) == 0 {
			name = strings.ToUpper(name)
		}
		c := Change{Name: []byte(name)}
		if r.IntN(4) > 0 {
			rest := make([]byte, r.IntN(300))
			for i := range rest {
				rest[i] = byte(r.Uint32())
			}
			c.Record = record(name, rest)
		}
		list = append(list, c)
		if c.Record == nil {
			delete(m.held, string(key(name)))
		} else {
			m.held[string(key(name))] = c.Record
		}
	}
	m.commits = append(m.commits, list)
	return list, m.mark(len(m.commits))
}

// replay gives an index what came after its mark.
func (m *truth) replay(t *testing.T, x *Index) {
	t.Helper()
	from := x.Through()
	if from.Commit > int64(len(m.commits)) || from.Commit > 0 && from != m.mark(int(from.Commit)) {
		t.Fatalf("the index knows the commit %d, which never was", from.Commit)
	}
	for n := int(from.Commit); n < len(m.commits); n++ {
		if err := x.Apply(ctx, m.commits[n], m.mark(n+1)); err != nil {
			t.Fatal(err)
		}
	}
}

func (m *truth) compare(t *testing.T, x *Index) {
	t.Helper()
	var buf []byte
	for i := range 410 {
		k := key(fmt.Sprintf("88.101/abc%d", i))
		out, ok, err := x.Append(buf[:0], k)
		want, held := m.held[string(k)]
		if err != nil || ok != held || ok && !bytes.Equal(out, want) {
			t.Fatalf("%s: got %d bytes, %v, %v; want %d bytes, %v", k, len(out), ok, err, len(want), held)
		}
	}
}

func TestTheIndexHoldsWhatWasCommittedWhateverCrashes(t *testing.T) {
	for seed := range uint64(25) {
		r := rand.New(rand.NewPCG(seed, 7))
		disk := fault.NewDisk(seed)
		o := Options{FS: disk, Dir: "/index", TableBytes: 20_000}
		m := &truth{held: map[string][]byte{}}
		for range 8 {
			x, err := Open(o)
			if err != nil {
				t.Fatalf("seed %d: %v", seed, err)
			}
			m.replay(t, x)
			m.compare(t, x)
			if r.IntN(4) > 0 {
				disk.PowerOffAfter(r.IntN(200))
			}
			for range 10 + r.IntN(60) {
				list, mark := m.commit(r)
				if err := x.Apply(ctx, list, mark); errors.Is(err, ErrBehind) {
					break // the disk is off, and memory is full
				}
			}
			if r.IntN(2) == 0 {
				x.compareAll(t, m)
			}
			kill := r.IntN(3)
			if kill == 0 {
				disk.Kill()
			}
			_ = x.Close() // after a kill, or without power, it may fail
			if kill == 1 || disk.IsOff() {
				disk.Crash()
			}
			disk.PowerOffAfter(-1)
			disk.PowerOn()
		}
	}
}

// compareAll compares while the writer writes, if all was taken.
func (x *Index) compareAll(t *testing.T, m *truth) {
	if x.Through() == m.mark(len(m.commits)) {
		m.compare(t, x)
	}
}

func TestNoFlippedByteIsServed(t *testing.T) {
	m := &truth{held: map[string][]byte{}}
	r := rand.New(rand.NewPCG(1, 2))
	disk := fault.NewDisk(1)
	o := Options{FS: disk, Dir: "/index", TableBytes: 20_000}
	x, err := Open(o)
	if err != nil {
		t.Fatal(err)
	}
	for range 60 {
		list, mark := m.commit(r)
		if err := x.Apply(ctx, list, mark); err != nil {
			t.Fatal(err)
		}
	}
	if err := x.Close(); err != nil {
		t.Fatal(err)
	}
	files, err := disk.ReadDir(o.Dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		name := filepath.Join(o.Dir, f.Name())
		info, err := disk.Stat(name)
		if err != nil {
			t.Fatal(err)
		}
		for range 150 {
			at := r.Int64N(info.Size())
			disk.Damage(name, at, 1)
			x, err := load(o)
			switch {
			case errors.Is(err, ErrDamaged):
			case err != nil:
				t.Fatal(err)
			default: // an entry, which is found when it is read
				wrong := false
				for i := range 400 {
					k := key(fmt.Sprintf("88.101/abc%d", i))
					out, ok, err := x.Append(nil, k)
					want, held := m.held[string(k)]
					if wrong = wrong || errors.Is(err, ErrDamaged); err == nil && (ok != held || !bytes.Equal(out, want)) {
						t.Fatalf("byte %d of %s: %s is served wrongly", at, name, k)
					}
				}
				if err := x.Check(ctx); !errors.Is(err, ErrDamaged) {
					t.Fatalf("byte %d of %s: a check finds %v", at, name, err)
				}
			}
			disk.Damage(name, at, 1) // back
		}
	}
	// What is damaged begins anew, and holds everything again when it was given everything.
	disk.Damage(filepath.Join(o.Dir, files[0].Name()), 9, 1)
	if x, err = Open(o); err != nil {
		t.Fatal(err)
	}
	if x.Through() != (Mark{}) {
		t.Errorf("a damaged index says that it holds %v", x.Through())
	}
	m.replay(t, x)
	m.compare(t, x)
	if err := x.Reset(ctx); err != nil || x.Through() != (Mark{}) || x.Stats() != (Stats{}) {
		t.Errorf("after a reset: %v, %+v, %v", x.Through(), x.Stats(), err)
	}
	m.replay(t, x)
	m.compare(t, x)
	if err := x.Close(); err != nil {
		t.Fatal(err)
	}
}

// load opens an index for reading alone.
func load(o Options) (*Index, error) {
	o.Logger = testLogger
	x := &Index{o: o}
	v, err := x.load()
	if err == nil {
		x.view.Store(v)
	}
	return x, err
}

func TestReadersGoOnWhileSegmentsAreReplaced(t *testing.T) {
	o := Options{FS: file.OS(), Dir: t.TempDir(), TableBytes: 30_000}
	x, err := Open(o)
	if err != nil {
		t.Fatal(err)
	}
	value := func(i, round int) []byte { return fmt.Appendf(nil, "%d of %d %s", i, round, strings.Repeat("x", 150)) }
	put := func(round int) {
		var list []Change
		for i := range 300 {
			name := fmt.Sprintf("10.1/%d", i)
			list = append(list, Change{[]byte(name), record(name, value(i, round))})
		}
		if err := x.Apply(ctx, list, Mark{Commit: int64(round)}); err != nil {
			t.Error(err)
		}
	}
	put(1)
	stop := make(chan struct{})
	var readers sync.WaitGroup
	for g := range 4 {
		readers.Go(func() {
			buf := make([]byte, 0, 1024)
			for n := g; ; n++ {
				select {
				case <-stop:
					return
				default:
				}
				i := n % 300
				out, ok, err := x.Append(buf, key(fmt.Sprintf("10.1/%d", i)))
				if want := fmt.Sprintf("%d of ", i); err != nil || !ok || !strings.Contains(string(out), want) {
					t.Errorf("%d: %q, %v, %v", i, out, ok, err)
					return
				}
			}
		})
	}
	for round := 2; round < 150; round++ {
		put(round)
		if round%10 == 0 {
			runtime.GC() // unmaps what nobody holds
		}
	}
	close(stop)
	readers.Wait()
	if err := x.Close(); err != nil {
		t.Fatal(err)
	}
	if n := x.Stats(); n.Entries != 300 && n.Segments > 6 {
		t.Errorf("%+v", n)
	}
}

func TestAFullDiskKeepsWhatIsInMemoryAndIsTold(t *testing.T) {
	disk := fault.NewDisk(3)
	x, err := Open(Options{FS: disk, Dir: "/index", TableBytes: 20_000})
	if err != nil {
		t.Fatal(err)
	}
	disk.Limit(disk.Used() + 4096)
	m := &truth{held: map[string][]byte{}}
	r := rand.New(rand.NewPCG(3, 3))
	for n := 0; ; n++ {
		list, mark := m.commit(r)
		if err := x.Apply(ctx, list, mark); errors.Is(err, ErrBehind) {
			break
		} else if err != nil || n > 10_000 {
			t.Fatalf("commit %d: %v", n, err)
		}
	}
	disk.Heal()
	if err := x.flushNow(); err != nil {
		t.Fatal(err)
	}
	m.replay(t, x)
	m.compare(t, x)
	if err := x.Close(); err != nil {
		t.Fatal(err)
	}
}

// flushNow ends the writer, writes and begins it again.
func (x *Index) flushNow() error {
	x.stop()
	<-x.ended
	err := x.flush()
	c, cancel := context.WithCancel(ctx)
	x.stop, x.ended = cancel, make(chan struct{})
	go x.run(c)
	return err
}

func TestALookupAllocatesNothing(t *testing.T) {
	x, err := Open(Options{FS: file.OS(), Dir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	defer x.Close()
	name := "88.101/one"
	if err := x.Apply(ctx, []Change{{[]byte(name), record(name, make([]byte, 200))}}, Mark{Commit: 1}); err != nil {
		t.Fatal(err)
	}
	k, buf := key(name), make([]byte, 0, 512)
	for _, where := range []string{"memory", "a segment"} {
		if n := testing.AllocsPerRun(1000, func() { _, _, _ = x.Append(buf, k) }); n != 0 {
			t.Errorf("%v allocations in %s", n, where)
		}
		x.mu.Lock()
		x.freeze()
		x.mu.Unlock()
		if err := x.flushNow(); err != nil {
			t.Fatal(err)
		}
	}
	if x.Stats().Segments != 1 {
		t.Errorf("%+v", x.Stats())
	}
}

func TestDueKeepsSegmentsApartInSize(t *testing.T) {
	for _, c := range []struct {
		sizes []int64
		want  int
	}{{nil, 0}, {[]int64{1}, 0}, {[]int64{1, 1}, 2}, {[]int64{1, 4}, 0}, {[]int64{1, 5, 24}, 0}, {[]int64{1, 5, 20}, 3}, {[]int64{2, 5, 30}, 2}} {
		if got := due(c.sizes); got != c.want {
			t.Errorf("%v: %d, want %d", c.sizes, got, c.want)
		}
	}
}
