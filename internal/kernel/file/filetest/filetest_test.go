package filetest_test

import (
	"testing"

	"jingwei/internal/kernel/file"
	"jingwei/internal/kernel/file/fault"
	"jingwei/internal/kernel/file/filetest"
)

func TestOS(t *testing.T) {
	filetest.Run(t, func(t *testing.T) filetest.Place { return filetest.Place{FS: file.OS(), Dir: t.TempDir()} })
}

func TestFaultDisk(t *testing.T) {
	for seed := range uint64(20) {
		place := func(t *testing.T) filetest.Place {
			d := fault.NewDisk(seed)
			return filetest.Place{FS: d, Dir: "/tmp", Crash: func() file.FS {
				d.Crash()
				return d
			}}
		}
		filetest.Run(t, place)
		filetest.RunCrashes(t, place)
	}
}
