package blob_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"testing"

	"jingwei/internal/kernel/blob"
	"jingwei/internal/kernel/file/fault"
)

// TestPowerLossKeepsWhatWasAcknowledgedAndNothingTorn cuts the power at a random step while objects are put. What Put
// acknowledged is there afterwards, byte for byte; what it did not is there whole, or not at all.
func TestPowerLossKeepsWhatWasAcknowledgedAndNothingTorn(t *testing.T) {
	for seed := range uint64(150) {
		r := rand.New(rand.NewPCG(seed, 1))
		disk := fault.NewDisk(seed)
		if err := disk.MkdirAll("/data", 0o700); err != nil {
			t.Fatal(err)
		}
		if err := disk.SyncDir("/"); err != nil {
			t.Fatal(err)
		}
		s, err := blob.Open(disk, "/data/blob", 1<<20)
		if err != nil {
			t.Fatal(err)
		}
		disk.PowerOffAfter(1 + r.IntN(60))
		acknowledged := map[blob.ID][]byte{}
		for n := 0; !disk.IsOff() && n < 100; n++ {
			data := bytes.Repeat([]byte(fmt.Sprintf("object %d of %d. ", n, seed)), r.IntN(3000))
			if info, err := s.Put(context.Background(), bytes.NewReader(data), 0); err == nil {
				acknowledged[info.ID] = data
			}
		}
		disk.PowerOn()
		if s, err = blob.Open(disk, "/data/blob", 1<<20); err != nil {
			t.Fatalf("seed %d: open again: %v", seed, err)
		}
		for id, want := range acknowledged {
			if got, err := s.ReadAll(id, 1<<20); err != nil || !bytes.Equal(got, want) {
				t.Errorf("seed %d: acknowledged %s: %d bytes, %v", seed, id, len(got), err)
			}
		}
		folders, err := disk.ReadDir("/data/blob/sha256")
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range folders {
			names, err := disk.ReadDir(filepath.Join("/data/blob/sha256", f.Name()))
			if err != nil {
				t.Fatal(err)
			}
			for _, n := range names {
				if _, err := s.ReadAll(blob.ID("sha256:"+n.Name()), 1<<20); err != nil {
					t.Errorf("seed %d: an object that nobody acknowledged is torn: %v", seed, err)
				}
			}
		}
	}
}

func TestAFailedSyncAndAFullDiskAcknowledgeNothing(t *testing.T) {
	for what, arrange := range map[string]func(*fault.Disk){
		"failed datasync": func(d *fault.Disk) { d.FailDatasync(1, errors.New("medium error")) },
		"full disk":       func(d *fault.Disk) { d.Limit(d.Used() + 1000) },
	} {
		disk := fault.NewDisk(1)
		s, err := blob.Open(disk, "/blob", 1<<20)
		if err != nil {
			t.Fatal(err)
		}
		arrange(disk)
		info, err := s.Put(context.Background(), bytes.NewReader(make([]byte, 5000)), 0)
		if err == nil {
			t.Errorf("%s: acknowledged %v", what, info)
		}
		if _, err := s.Stat("sha256:" + blob.ID(fmt.Sprintf("%x", make([]byte, 32)))); !errors.Is(err, blob.ErrNotFound) {
			t.Errorf("%s: got %v", what, err)
		}
		if left, err := disk.ReadDir("/blob/sha256"); err != nil || len(left) != 0 {
			t.Errorf("%s: %d names are left, %v", what, len(left), err)
		}
	}
}
