package fault

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"strings"
	"syscall"
	"testing"

	"jingwei/internal/kernel/file"
)

func create(t *testing.T, d *Disk, name string) file.File {
	t.Helper()
	f, err := d.OpenFile(name, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func write(t *testing.T, f file.File, s string, off int64) {
	t.Helper()
	if n, err := f.WriteAt([]byte(s), off); n != len(s) || err != nil {
		t.Fatal(n, err)
	}
}

// readAll reads a file anew; "-" where there is none.
func readAll(t *testing.T, d *Disk, name string) string {
	t.Helper()
	f, err := d.OpenFile(name, os.O_RDONLY, 0)
	if errors.Is(err, fs.ErrNotExist) {
		return "-"
	}
	must(t, err)
	defer f.Close()
	n, err := f.Size()
	must(t, err)
	b := make([]byte, n)
	if _, err := f.ReadAt(b, 0); err != nil && n > 0 {
		t.Fatal(err)
	}
	return string(b)
}

// outcomes runs a scenario on many disks, crashes each, and counts what is found.
func outcomes(t *testing.T, do func(d *Disk), find func(d *Disk) string) map[string]int {
	t.Helper()
	found := map[string]int{}
	for seed := range uint64(300) {
		d := NewDisk(seed)
		do(d)
		d.Crash()
		found[find(d)]++
	}
	return found
}

func want(t *testing.T, found map[string]int, only ...string) {
	t.Helper()
	for _, o := range only {
		if found[o] == 0 {
			t.Errorf("%.60q never comes about", o)
		}
		delete(found, o)
	}
	for o, n := range found {
		t.Errorf("%.60q comes about %d times and must not", o, n)
	}
}

func TestSyncedBytesSurvive(t *testing.T) {
	found := outcomes(t, func(d *Disk) {
		f := create(t, d, "/a")
		write(t, f, "safe", 0)
		must(t, f.Datasync())
		must(t, d.SyncDir("/"))
	}, func(d *Disk) string { return readAll(t, d, "/a") })
	want(t, found, "safe")
}

func TestUnsyncedBytesSurviveBySectors(t *testing.T) {
	old, new := strings.Repeat("o", 1024), strings.Repeat("n", 1024)
	found := outcomes(t, func(d *Disk) {
		f := create(t, d, "/a")
		write(t, f, old, 0)
		must(t, f.Datasync())
		must(t, d.SyncDir("/"))
		write(t, f, new, 0)
	}, func(d *Disk) string { return readAll(t, d, "/a") })
	want(t, found, old, new, old[:512]+new[:512], new[:512]+old[:512])
}

func TestEachVersionOfASectorMaySurviveAndNoMixture(t *testing.T) {
	found := outcomes(t, func(d *Disk) {
		f := create(t, d, "/a")
		write(t, f, "....", 0)
		must(t, f.Datasync())
		must(t, d.SyncDir("/"))
		write(t, f, "1", 0)
		write(t, f, "2", 1)
	}, func(d *Disk) string { return readAll(t, d, "/a") })
	want(t, found, "....", "1...", "12..")
}

func TestSizeMayRevertAndHolesAreZero(t *testing.T) {
	found := outcomes(t, func(d *Disk) {
		f := create(t, d, "/a")
		write(t, f, "ab", 0)
		must(t, f.Datasync())
		must(t, d.SyncDir("/"))
		write(t, f, "cd", 2)
	}, func(d *Disk) string { return readAll(t, d, "/a") })
	want(t, found, "ab", "abcd", "ab\x00\x00")
	found = outcomes(t, func(d *Disk) {
		f := create(t, d, "/a")
		must(t, f.Allocate(0, 4))
		must(t, f.Datasync())
		must(t, d.SyncDir("/"))
	}, func(d *Disk) string { return readAll(t, d, "/a") })
	want(t, found, "\x00\x00\x00\x00")
}

func TestNameNeedsSyncOfItsDirectory(t *testing.T) {
	found := outcomes(t, func(d *Disk) {
		f := create(t, d, "/a")
		write(t, f, "x", 0)
		must(t, f.Datasync())
	}, func(d *Disk) string { return readAll(t, d, "/a") })
	want(t, found, "-", "x")
	found = outcomes(t, func(d *Disk) {
		must(t, d.MkdirAll("/dir/sub", 0o700))
		f := create(t, d, "/dir/sub/a")
		must(t, f.Datasync())
		must(t, d.SyncDir("/dir/sub"))
		must(t, d.SyncDir("/dir"))
	}, func(d *Disk) string {
		_, err := d.Stat("/dir/sub/a")
		return fmt.Sprint(err == nil)
	})
	want(t, found, "true", "false") // the directory's own name was not synced
	found = outcomes(t, func(d *Disk) { must(t, file.MakeDir(d, "/dir/sub", 0o700)) }, func(d *Disk) string {
		_, err := d.Stat("/dir/sub")
		return fmt.Sprint(err == nil)
	})
	want(t, found, "true")
}

func TestRenameIsWholeOrNotAndOrderHoldsPerName(t *testing.T) {
	both := func(d *Disk) string { return readAll(t, d, "/a") + " " + readAll(t, d, "/b") }
	setUp := func(d *Disk) {
		for name, s := range map[string]string{"/a": "A", "/b": "B"} {
			f := create(t, d, name)
			write(t, f, s, 0)
			must(t, f.Datasync())
		}
		must(t, d.SyncDir("/"))
	}
	want(t, outcomes(t, func(d *Disk) {
		setUp(d)
		must(t, d.Rename("/a", "/b"))
	}, both), "A B", "- A")
	want(t, outcomes(t, func(d *Disk) {
		setUp(d)
		must(t, d.Rename("/a", "/b"))
		must(t, d.Remove("/b"))
	}, both), "A B", "- A", "- -")
	want(t, outcomes(t, func(d *Disk) {
		setUp(d)
		must(t, d.Remove("/a"))
		must(t, d.Remove("/b"))
	}, both), "A B", "- B", "A -", "- -") // independent of each other
	want(t, outcomes(t, func(d *Disk) {
		setUp(d)
		must(t, d.Rename("/a", "/b"))
		must(t, d.SyncDir("/"))
	}, both), "- A")
}

// TestWriteAtomic loses power after each operation in turn: the old content or the new one is there, and the new one
// once it has returned.
func TestWriteAtomic(t *testing.T) {
	for seed := range uint64(30) {
		for n := range 12 {
			d := NewDisk(seed)
			must(t, file.WriteAtomic(d, "/tmp/a", []byte("old"), 0o600))
			d.PowerOffAfter(n)
			err := file.WriteAtomic(d, "/tmp/a", bytes.Repeat([]byte("new"), 1000), 0o600)
			d.Crash()
			got := readAll(t, d, "/tmp/a")
			switch {
			case got == strings.Repeat("new", 1000):
			case got == "old" && err != nil:
			default:
				t.Fatalf("seed %d, power lost after %d operations (%v): %.20q", seed, n, err, got)
			}
		}
	}
	d := NewDisk(1)
	must(t, file.WriteAtomic(d, "/tmp/a", []byte("old"), 0o600))
	for _, op := range []string{"create", "write", "datasync", "rename", "syncdir"} {
		d.Inject(Fault{Op: op, Err: syscall.EIO})
		if err := file.WriteAtomic(d, "/tmp/a", []byte("new"), 0o600); !errors.Is(err, syscall.EIO) || !strings.Contains(err.Error(), "/tmp/a") {
			t.Errorf("%s: %v", op, err)
		}
		if _, err := d.Stat("/tmp/a.tmp"); err == nil {
			t.Errorf("%s: the temporary file is left", op)
		}
	}
}

func TestFailedSyncForgetsAndIsNotMendedByAnother(t *testing.T) {
	found := outcomes(t, func(d *Disk) {
		f := create(t, d, "/a")
		write(t, f, "old", 0)
		must(t, f.Datasync())
		must(t, d.SyncDir("/"))
		write(t, f, "new", 0)
		d.FailDatasync(1, syscall.EIO)
		if err := f.Datasync(); !errors.Is(err, syscall.EIO) {
			t.Fatal(err)
		}
		if s := readAll(t, d, "/a"); s != "new" {
			t.Fatalf("%q is seen after the failed sync", s)
		}
		must(t, f.Datasync())
	}, func(d *Disk) string { return readAll(t, d, "/a") })
	want(t, found, "old", "new")
	found = outcomes(t, func(d *Disk) {
		f := create(t, d, "/a")
		must(t, d.SyncDir("/"))
		write(t, f, "new", 0)
		d.FailDatasync(1, syscall.EIO)
		_ = f.Datasync()
		write(t, f, "new", 0) // written again it is dirty again
		must(t, f.Datasync())
	}, func(d *Disk) string { return readAll(t, d, "/a") })
	want(t, found, "new")
}

func TestFullDiskWritesWhatFits(t *testing.T) {
	d := NewDisk(1)
	d.Limit(8192)
	f := create(t, d, "/a")
	write(t, f, strings.Repeat("x", 4000), 0)
	n, err := f.WriteAt(make([]byte, 8000), 4000)
	if n != 4192 || !errors.Is(err, syscall.ENOSPC) {
		t.Errorf("%d %v", n, err)
	}
	if err := create(t, d, "/b").Allocate(0, 1); !errors.Is(err, syscall.ENOSPC) {
		t.Error(err)
	}
	if free, _ := d.Free("/"); free != 0 || d.Used() != 8192 {
		t.Errorf("%d free, %d used", free, d.Used())
	}
	must(t, d.Remove("/a"))
	if d.Used() != 8192 {
		t.Error("an open file has given its room back")
	}
	must(t, f.Close())
	if d.Used() != 0 {
		t.Errorf("%d used", d.Used())
	}
}

func TestFaultsStrikeWhereTheyShould(t *testing.T) {
	d := NewDisk(1)
	f := create(t, d, "/x.seg")
	d.Inject(Fault{Op: "write", Name: "*.seg", Skip: 1, Err: syscall.EIO, Part: true})
	d.Inject(Fault{Op: "read", Name: "*.seg", Times: -1, Err: syscall.EIO})
	write(t, f, "12345678", 0)
	write(t, create(t, d, "/y"), "other", 0)
	if n, err := f.WriteAt([]byte("abcdefgh"), 0); n != 4 || !errors.Is(err, syscall.EIO) {
		t.Errorf("%d %v", n, err)
	}
	for range 3 {
		if _, err := f.ReadAt(make([]byte, 1), 0); !errors.Is(err, syscall.EIO) {
			t.Error(err)
		}
	}
	d.Heal()
	if s := readAll(t, d, "/x.seg"); s != "abcd5678" {
		t.Errorf("%q", s)
	}
	d.SetReadOnly(true)
	if _, err := f.WriteAt([]byte("x"), 0); !errors.Is(err, syscall.EROFS) {
		t.Error(err)
	}
	if _, err := d.OpenFile("/z", os.O_RDWR|os.O_CREATE, 0); !errors.Is(err, syscall.EROFS) {
		t.Error(err)
	}
	if s := readAll(t, d, "/x.seg"); s != "abcd5678" {
		t.Errorf("%q", s)
	}
	d.Heal()
	d.Damage("/x.seg", 0, 1)
	d.Crash()
	if s := readAll(t, d, "/x.seg"); s != "-" && s != "" && s[0] == 'a' {
		t.Errorf("%q", s)
	}
}

func TestKillKeepsThePageCacheAndEndsHandles(t *testing.T) {
	d := NewDisk(1)
	f := create(t, d, "/a")
	write(t, f, "x", 0)
	lock, err := d.Lock("/l")
	must(t, err)
	if _, err := d.Lock("/l"); !errors.Is(err, file.ErrLocked) {
		t.Error(err)
	}
	d.Kill()
	if _, err := f.WriteAt([]byte("y"), 0); !errors.Is(err, ErrPowerOff) {
		t.Error(err)
	}
	if s := readAll(t, d, "/a"); s != "x" {
		t.Errorf("%q", s)
	}
	other, err := d.Lock("/l")
	must(t, err)
	must(t, lock.Close()) // of the dead process: it does not free the new one's
	if _, err := d.Lock("/l"); !errors.Is(err, file.ErrLocked) {
		t.Error(err)
	}
	must(t, other.Close())
	d.KillAfter(1)
	f = create(t, d, "/a")
	write(t, f, "1", 0)
	if _, err := f.WriteAt([]byte("2"), 1); !errors.Is(err, ErrPowerOff) || !d.IsOff() {
		t.Error(err)
	}
	if _, err := d.Stat("/a"); !errors.Is(err, ErrPowerOff) {
		t.Error(err)
	}
	d.PowerOn()
	if s := readAll(t, d, "/a"); s != "12" {
		t.Errorf("%q: the operation that was struck is done", s)
	}
}

func TestSameSeedSameCrash(t *testing.T) {
	run := func() string {
		d := NewDisk(42)
		f := create(t, d, "/a")
		must(t, d.SyncDir("/"))
		for i := range 20 {
			write(t, f, strings.Repeat(string(rune('a'+i)), 700), int64(i)*600)
		}
		d.Crash()
		return readAll(t, d, "/a")
	}
	if a, b := run(), run(); a != b {
		t.Error("two runs differ")
	}
}

func TestEventsAreTold(t *testing.T) {
	d := NewDisk(1)
	var hooked []string
	d.OnEvent(func(e Event) { hooked = append(hooked, e.Op) })
	f := create(t, d, "/a")
	write(t, f, "x", 0)
	must(t, f.Datasync())
	must(t, d.SyncDir("/"))
	_, err := f.ReadAt(make([]byte, 2), 0)
	if err != io.EOF {
		t.Error(err)
	}
	must(t, d.Rename("/a", "/b"))
	must(t, d.Remove("/b"))
	if got, want := strings.Join(hooked, " "), "create write datasync-start datasync syncdir read rename remove"; got != want {
		t.Errorf("%s; want %s", got, want)
	}
	if n := len(d.Events()); n != 7 {
		t.Errorf("%d events are kept, want all but the read", n)
	}
}

func TestDirectories(t *testing.T) {
	d := NewDisk(1)
	must(t, d.MkdirAll("/x/y", 0o700))
	create(t, d, "/x/y/b").Close()
	create(t, d, "/x/y/a").Close()
	if _, err := d.OpenFile("/none/a", os.O_CREATE|os.O_RDWR, 0); !errors.Is(err, fs.ErrNotExist) {
		t.Error(err)
	}
	if err := d.Remove("/x/y"); !errors.Is(err, syscall.ENOTEMPTY) {
		t.Error(err)
	}
	must(t, d.Rename("/x/y", "/x/z"))
	list, err := d.ReadDir("x/z")
	must(t, err)
	if len(list) != 2 || list[0].Name() != "a" || list[1].IsDir() {
		t.Errorf("%v", list)
	}
	if _, err := d.OpenFile("/x/z/a", os.O_CREATE|os.O_EXCL|os.O_RDWR, 0); !errors.Is(err, fs.ErrExist) {
		t.Error(err)
	}
}
