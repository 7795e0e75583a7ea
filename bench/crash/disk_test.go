package crash

import (
	"io/fs"
	"testing"

	"jingwei/internal/kernel/file"
)

func TestNothingAcknowledgedIsLostOnFaultyDisks(t *testing.T) {
	sum, err := disks(t.Context(), 1, 4, t.Logf)
	if err != nil {
		t.Fatal(err)
	}
	if !sum.Tally.clean() || sum.Order.Early > 0 {
		t.Errorf("%v\n%v", sum.Tally.Wrong, sum.Tally.First)
	}
	for _, how := range []string{powerLoss, failedFsync, fullDisk, readOnly} {
		if sum.Runs[how] == 0 {
			t.Errorf("no run with a %s", how)
		}
	}
	if sum.Faults == 0 || sum.Blocks == 0 || sum.Tally.Acknowledged == 0 || sum.Order.Found == 0 || sum.Order.Found > sum.Order.Checked {
		t.Errorf("nothing happened: %+v", sum)
	}
}

// lyingFS syncs nothing and says that it did.
type lyingFS struct{ file.FS }

type lyingFile struct{ file.File }

func (f lyingFS) OpenFile(name string, flag int, perm fs.FileMode) (file.File, error) {
	o, err := f.FS.OpenFile(name, flag, perm)
	return lyingFile{o}, err
}

func (lyingFile) Datasync() error { return nil }

func TestADiskThatLiesIsFound(t *testing.T) {
	early, missed := uint64(0), 0
	for seed := range uint64(6) {
		r := newDiskRun(seed)
		r.fs = lyingFS{r.disk}
		if err := r.run(t.Context(), powerLoss); err != nil || r.tally.Wrong[Lost] > 0 {
			missed++ // samples, or a whole segment
		}
		early += r.tally.Wrong[Early]
	}
	if early == 0 || missed < 3 {
		t.Errorf("%d acknowledgements were told to be early, and %d of 6 runs missed something", early, missed)
	}
}
