package crash

import (
	"os"
	"testing"

	"github.com/google/uuid"

	"jingwei/internal/kernel/file/fault"
)

func TestAnAcknowledgementBeforeItsDatasyncIsFound(t *testing.T) {
	disk := fault.NewDisk(1)
	if err := disk.MkdirAll("/j", 0o700); err != nil {
		t.Fatal(err)
	}
	o := newOrder(disk, 4)
	disk.OnEvent(o.event)
	f, err := disk.OpenFile("/j/1.seg", os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		t.Fatal(err)
	}
	early := func(commit uint64, mark string) bool {
		v, bad := o.acked(commit, mark, uuid.Nil)
		return bad && v.Wrong == Early
	}
	write := func(text string, off int64, last uint64) {
		if _, err := f.WriteAt([]byte(text), off); err != nil {
			t.Fatal(err)
		}
		o.trace("written", last)
	}
	write("…alpha…beta…", 4096, 6) // commits 5 and 6
	if !early(5, "alpha") {
		t.Error("written, not synced")
	}
	if err := f.Datasync(); err != nil {
		t.Fatal(err)
	}
	if early(5, "alpha") || early(6, "beta") {
		t.Error("both are synced")
	}
	if !early(6, "gamma") {
		t.Error("the bytes do not hold the batch")
	}
	if !early(7, "x") {
		t.Error("never written")
	}
	write("…gamma…", 8192, 7)
	disk.FailDatasync(1, os.ErrInvalid)
	_ = f.Datasync()
	if !early(7, "gamma") {
		t.Error("its datasync failed")
	}
	// The next datasync succeeds, and makes nothing durable of what the failed one forgot.
	if err := f.Datasync(); err != nil {
		t.Fatal(err)
	}
	if !early(7, "gamma") {
		t.Error("a repeated datasync is no datasync")
	}
	if s := o.total(); s.Checked != 3 || s.Found != 2 || s.Early != 5 || s.Groups != 2 {
		t.Errorf("%+v", s)
	}
}
