package outage

import (
	"os"
	"path/filepath"
	"runtime/pprof"
	"strconv"
)

// profiled writes a profile of the processor time of a process of the measurement where JINGWEI_BENCH_PROFILE names a folder.
func profiled(role string) (stop func(), err error) {
	dir := os.Getenv("JINGWEI_BENCH_PROFILE")
	if dir == "" {
		return func() {}, nil
	}
	f, err := os.Create(filepath.Join(dir, role+"-"+strconv.Itoa(os.Getpid())+".prof"))
	if err != nil {
		return nil, err
	}
	return func() { pprof.StopCPUProfile(); _ = f.Close() }, pprof.StartCPUProfile(f)
}

// heap writes what the memory of a process is used for, in the same folder.
func heap(role string) error {
	dir := os.Getenv("JINGWEI_BENCH_PROFILE")
	if dir == "" {
		return nil
	}
	f, err := os.Create(filepath.Join(dir, role+"-heap.prof"))
	if err != nil {
		return err
	}
	defer f.Close()
	return pprof.WriteHeapProfile(f)
}
