package log

import (
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"jingwei/internal/kernel/file/fault"
)

func TestCursorsAreDurable(t *testing.T) {
	d := fault.NewDisk(3)
	o := small(d, "/j")
	l := open(t, o)
	c, err := l.Cursor("alarm")
	if err != nil || c.Load() != 0 {
		t.Fatal(err, c.Load())
	}
	other, _ := l.Cursor("energy")
	c.Save(17)
	other.Save(4)
	if err := c.Flush(); err != nil {
		t.Fatal(err)
	}
	c.Save(20)
	d.PowerOff()
	l.Close()
	d.PowerOn()
	l = open(t, o)
	c, _ = l.Cursor("alarm")
	other, _ = l.Cursor("energy")
	if c.Load() != 17 || other.Load() != 4 {
		t.Errorf("cursors %d and %d after a crash, want 17 and 4", c.Load(), other.Load())
	}
	c.Save(21)
	shut(t, l)
	d.Crash()
	l = open(t, o)
	if c, _ = l.Cursor("alarm"); c.Load() != 21 {
		t.Errorf("cursor %d after Close, want 21", c.Load())
	}
	// A full disk does no harm to the old file, and the cursor is saved when there is room again.
	c.Save(22)
	d.Inject(fault.Fault{Op: "write", Name: "cursors*", Err: syscall.ENOSPC})
	wantError(t, c.Flush(), syscall.ENOSPC)
	if err := c.Flush(); err != nil {
		t.Fatal(err)
	}
	shut(t, l)
	d.Damage("/j/cursors", 20, 1)
	_, err = Open(o)
	wantCorrupt(t, err, "cursors")
}

func TestCursorsAreSavedInTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := fault.NewDisk(1)
		l := open(t, small(d, "/j"))
		defer l.Close()
		c, _ := l.Cursor("alarm")
		c.Save(9)
		time.Sleep(cursorEvery + retryEvery)
		synctest.Wait()
		d.PowerOff()
		l.Close()
		d.PowerOn()
		l = open(t, small(d, "/j"))
		defer l.Close()
		if c, _ = l.Cursor("alarm"); c.Load() != 9 {
			t.Errorf("cursor %d, want 9", c.Load())
		}
	})
}
