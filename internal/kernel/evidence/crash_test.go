package evidence

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"flag"
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"syscall"
	"testing"

	"jingwei/internal/kernel/file"
	"jingwei/internal/kernel/file/fault"
)

var crashSeeds = flag.Int("crash-seeds", 25, "disks of TestCrashes, 12 restarts each")

// outside is what the world outside knows of a log over many crashes.
type outside struct {
	t     *testing.T
	name  string
	id    uint64
	acked map[uint64][]byte // index → entry: they must be there for ever
	given []Checkpoint      // all checkpoints ever handed out
	found int
}

// next makes an entry that tells which it is, of a size that follows from it.
func (o *outside) next(rng *rand.Rand) []byte {
	o.id++
	b := make([]byte, 8+rng.IntN([]int{4, 20, 20, 600}[rng.IntN(4)]))
	binary.BigEndian.PutUint64(b, o.id)
	for i := 8; i < len(b); i++ {
		b[i] = byte(int(o.id) + i)
	}
	return b
}

// check compares a log that has just been opened with all that was promised before.
func (o *outside) check(l *Log) error {
	size := l.Size()
	now := l.Checkpoint()
	if now.Size != size {
		o.t.Errorf("%s: %d entries, and the checkpoint after the start has %d", o.name, size, now.Size)
	}
	for i, want := range o.acked {
		if i >= size {
			o.t.Errorf("%s: entry %d was acknowledged; the log has %d", o.name, i, size)
			continue
		}
		if i%7 != o.id%7 && i+100 < size { // the rest is for another time: reading is what takes longest
			continue
		}
		got, err := l.Entry(i)
		if err != nil {
			return err
		}
		if !bytes.Equal(got, want) {
			o.t.Errorf("%s: entry %d is not what was acknowledged", o.name, i)
		}
	}
	for i := range size {
		if o.acked[i] != nil {
			continue
		}
		e, err := l.Entry(i)
		if err != nil {
			return err
		}
		if len(e) < 8 || binary.BigEndian.Uint64(e) > o.id {
			o.t.Errorf("%s: entry %d was never sent", o.name, i)
		}
		o.acked[i] = e // once seen it must stay, too
		o.found++
	}
	for _, c := range o.given {
		if c.Size > size {
			o.t.Errorf("%s: a checkpoint of %d was given out; the log has %d", o.name, c.Size, size)
			continue
		}
		p, err := l.ConsistencyProof(c.Size, now.Size)
		if err != nil {
			return err
		}
		if err := VerifyConsistency(c.Size, now.Size, c.Root, now.Root, p); err != nil || c.Time > now.Time {
			o.t.Errorf("%s: %v (signed at %d, now %d)", o.name, err, c.Time, now.Time)
		}
	}
	o.gave(now)
	return nil
}

func (o *outside) gave(c Checkpoint) {
	if len(o.given) == 0 || string(o.given[len(o.given)-1].Text) != string(c.Text) {
		o.given = append(o.given, c)
	}
}

// load appends and publishes until something fails.
func (o *outside) load(rng *rand.Rand, l *Log) {
	for range 5 + rng.IntN(25) {
		batch := make([][]byte, 1+rng.IntN([]int{1, 3, 60}[rng.IntN(3)]))
		for i := range batch {
			batch[i] = o.next(rng)
		}
		first, err := l.Append(context.Background(), batch)
		if err != nil && !errors.Is(err, syscall.ENOSPC) {
			return
		}
		for i, e := range batch {
			if err == nil {
				o.acked[first+uint64(i)] = e
			}
		}
		if rng.IntN(4) == 0 {
			if c, err := l.Publish(context.Background()); err == nil {
				o.gave(c)
			}
		}
	}
}

// TestCrashes runs a log on a disk that loses its power at any operation, kills the process, fails fsyncs, fills up and
// forgets what was not synced. After each restart every entry that was acknowledged or read before is there in its
// place, and the tree begins with that of every checkpoint that was ever given out.
func TestCrashes(t *testing.T) {
	var opens, crashes, acked, found, given int
	for seed := range uint64(*crashSeeds) {
		rng := rand.New(rand.NewPCG(seed, 1))
		d := fault.NewDisk(seed)
		w := &outside{t: t, acked: map[uint64][]byte{}}
		o := manual(d, "/data/evidence")
		o.Keys, o.oneByOne = testKeys[:1], true
		for cycle := 0; cycle < 12 && !t.Failed(); cycle++ {
			w.name = fmt.Sprintf("seed %d cycle %d", seed, cycle)
			switch rng.IntN(6) {
			case 0, 1, 2:
				d.PowerOffAfter(rng.IntN(200))
			case 3, 4:
				d.KillAfter(rng.IntN(120))
			}
			switch rng.IntN(6) {
			case 0:
				d.FailDatasync(1+rng.IntN(30), syscall.EIO)
			case 1:
				d.Inject(fault.Fault{Op: "syncdir", Skip: rng.IntN(12), Err: syscall.EIO})
			case 2:
				d.Inject(fault.Fault{Op: "write", Skip: rng.IntN(40), Err: syscall.EIO, Part: true})
			case 3:
				d.Limit(d.Used() + rng.Int64N(3<<20))
			}
			l, err := Open(o)
			opens++
			if err == nil {
				if err = w.check(l); err == nil {
					w.load(rng, l)
				}
				_ = l.Close() // may fail as the disk does
				w.gave(l.Checkpoint())
			}
			var corrupt *CorruptError
			if errors.As(err, &corrupt) {
				t.Fatalf("%s: %v", w.name, err)
			}
			if err != nil && !d.IsOff() && !errors.Is(err, syscall.EIO) && !errors.Is(err, syscall.ENOSPC) && !errors.Is(err, fault.ErrPowerOff) {
				t.Fatalf("%s: %v", w.name, err)
			}
			d.Heal()
			d.PowerOffAfter(-1)
			switch {
			case d.IsOff():
				crashes++
				d.PowerOn()
				if rng.IntN(4) == 0 {
					d.Crash() // soon after the other
				}
			case rng.IntN(2) == 0:
				crashes++
				d.Crash()
			default:
				d.Kill()
			}
		}
		w.name = fmt.Sprintf("seed %d end", seed)
		l, err := Open(o)
		if err != nil {
			t.Fatalf("%s: %v", w.name, err)
		}
		if err := w.check(l); err != nil {
			t.Errorf("%s: %v", w.name, err)
		}
		if err := l.Close(); err != nil {
			t.Errorf("%s: %v", w.name, err)
		}
		r, err := Verify(context.Background(), VerifyOptions{FS: d, Dir: o.Dir, Origin: origin, Keys: vkeys()[:1], Old: w.given[len(w.given)/2].Text})
		if err != nil || len(r.Problems) > 0 || uint64(r.Entries) != l.Size() {
			t.Errorf("%s: %v %v, %d of %d entries", w.name, err, r.Problems, r.Entries, l.Size())
		}
		acked, found, given = acked+len(w.acked), found+w.found, given+len(w.given)
	}
	t.Logf("%d starts, %d crashes, %d entries durable (%d of them not acknowledged), %d checkpoints given out", opens, crashes, acked, found, given)
	if acked < 300**crashSeeds || crashes < 2**crashSeeds {
		t.Error("the disks were too bad to prove anything")
	}
}

// TestDamageIsNamedAtStart: a torn tail of the journal is cut, anything else is an error with file and place.
func TestDamageIsNamedAtStart(t *testing.T) {
	prepare := func() (*fault.Disk, string) {
		d := fault.NewDisk(1)
		l := start(t, manual(d, "/log"))
		add(t, l, text(0, 300)...)
		publish(t, l)
		for i := range 5 {
			add(t, l, text(300+i, 1)...)
		}
		name := l.journal.name
		d.PowerOff() // nothing is unsynced
		l.Close()
		d.PowerOn()
		return d, name
	}
	for what, c := range map[string]struct {
		harm func(d *fault.Disk, journal string)
		file string // "" : it opens
		size uint64
	}{
		"nothing":                   {func(*fault.Disk, string) {}, "", 305},
		"last group of the journal": {func(d *fault.Disk, j string) { d.Damage(j, 6*journalPage+34, 1) }, "", 304},
		"middle of the journal":     {func(d *fault.Disk, j string) { d.Damage(j, 4*journalPage+8, 1) }, "pending/0000000000000000", 0},
		"header of the journal":     {func(d *fault.Disk, j string) { d.Damage(j, 20, 1) }, "pending/0000000000000000", 0},
		"journal gone":              {func(d *fault.Disk, j string) { must(t, d.Remove(j)) }, "pending", 0},
		"checkpoint":                {func(d *fault.Disk, j string) { d.Damage("/log/checkpoint", 30, 1) }, "checkpoint", 0},
		"checkpoint gone":           {func(d *fault.Disk, j string) { must(t, d.Remove("/log/checkpoint")) }, "checkpoint", 0},
		"tile at the edge":          {func(d *fault.Disk, j string) { d.Damage("/log/tile/0/001.p/44", 3, 1) }, "checkpoint", 0},
		"tile at the edge gone":     {func(d *fault.Disk, j string) { must(t, d.Remove("/log/tile/0/001.p/44")) }, "tile/0/001.p/44", 0},
		"entry at the edge":         {func(d *fault.Disk, j string) { d.Damage("/log/tile/entries/001.p/44", 3, 1) }, "tile/entries/001.p/44", 0},
	} {
		d, journal := prepare()
		c.harm(d, journal)
		l, err := Open(manual(d, "/log"))
		var corrupt *CorruptError
		switch {
		case c.file == "" && err != nil:
			t.Errorf("%s: %v", what, err)
		case c.file == "":
			if l.Size() != c.size {
				t.Errorf("%s: %d entries, want %d", what, l.Size(), c.size)
			}
			must(t, l.Close())
		case !errors.As(err, &corrupt) || corrupt.File != c.file:
			t.Errorf("%s: %v", what, err)
		}
	}
}

// TestDamageIsNamedWhenRead: no damaged tile or bundle gives an entry or a proof.
func TestDamageIsNamedWhenRead(t *testing.T) {
	d := fault.NewDisk(1)
	l := start(t, manual(d, "/log"))
	add(t, l, text(0, 10000)...)
	publish(t, l)
	for name, read := range map[string]func() error{
		"tile/entries/003": func() error { _, err := l.Entry(3*256 + 1); return err },
		"tile/0/003":       func() error { _, err := l.Entry(3*256 + 1); return err },
		"tile/0/005":       func() error { _, err := l.InclusionProof(5*256+7, 9999); return err },
		"tile/0/008":       func() error { _, err := l.ConsistencyProof(8*256+7, 9999); return err },
	} {
		must(t, read())
		d.Damage("/log/"+name, 6, 1)
		var corrupt *CorruptError
		if err := read(); !errors.As(err, &corrupt) || corrupt.File != name {
			t.Errorf("%s: %v", name, err)
		}
		d.Damage("/log/"+name, 6, 1)
		must(t, read())
	}
}

// TestTilesBehindTheCheckpointAreRemoved at the start, before other entries get their indexes.
func TestTilesBehindTheCheckpointAreRemoved(t *testing.T) {
	d := fault.NewDisk(1)
	l := start(t, manual(d, "/log"))
	add(t, l, text(0, 300)...)
	must(t, l.Close())
	before := tree(t, d, "/log")
	for _, p := range []string{"tile/entries/001.p/200", "tile/entries/002", "tile/0/001", "tile/0/001.p/45", "tile/0/x001/003.p/7", "tile/1/000.p/2", "tile/2/000.p/1"} {
		must(t, file.MakeDir(d, filepath.Dir(filepath.Join("/log", p)), 0o755))
		must(t, file.WriteAtomic(d, filepath.Join("/log", p), []byte("of a life that failed"), 0o644))
	}
	l = start(t, manual(d, "/log"))
	if after := tree(t, d, "/log"); !slices.Equal(before, after) {
		t.Errorf("%v, want %v", after, before)
	}
	add(t, l, text(300, 700)...)
	must(t, l.Close())
	check(t, d, "/log", nil)
}
