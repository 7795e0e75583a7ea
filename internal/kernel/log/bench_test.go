package log

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"jingwei/internal/kernel/file"
)

// recordBytes is 1,000 samples as the ingest measurements took them.
const recordBytes = 12_000

// BenchmarkAppend: each producer waits for the acknowledgement of a record before it appends the next. ns/op is per
// record. A keeper lets go of everything as a store does that has written its chunks, so that segments are used again.
// Compare with BenchmarkBare of the same run; docs/formats/log.md has a table.
func BenchmarkAppend(b *testing.B) {
	for _, producers := range []int{1, 64} {
		b.Run(fmt.Sprintf("producers=%d", producers), func(b *testing.B) {
			l, err := Open(Options{Dir: b.TempDir(), Keepers: []string{"k"}, RetainBytes: -1, Logger: quiet})
			if err != nil {
				b.Fatal(err)
			}
			p, err := l.Partition("samples")
			if err != nil {
				b.Fatal(err)
			}
			record := make([]byte, recordBytes)
			b.SetBytes(recordBytes)
			b.ReportAllocs()
			report := cpu(b)
			b.ResetTimer()
			var wg sync.WaitGroup
			for i := range producers {
				n := b.N / producers
				if i < b.N%producers {
					n++
				}
				wg.Add(1)
				go func() {
					defer wg.Done()
					acked := make(chan error, 1)
					done := func(c Commit, err error) {
						if c.Number%1000 == 0 {
							_ = l.Keep("k", c.Number)
						}
						acked <- err
					}
					for range n {
						err := p.Append(context.Background(), record, done)
						if err == nil {
							err = <-acked
						}
						if err != nil {
							b.Error(err)
							return
						}
					}
				}()
			}
			wg.Wait()
			b.StopTimer()
			report()
			s := l.Stats()
			b.ReportMetric(float64(s.Records)/float64(s.Groups), "records/fsync")
			if err := l.Close(); err != nil {
				b.Fatal(err)
			}
		})
	}
}

// BenchmarkBare writes and syncs one buffer after the other, page by page, with nothing around it: what the disk
// gives. fresh: into space that was preallocated and never written; again: into blocks written before.
func BenchmarkBare(b *testing.B) {
	for _, records := range []int{1, 64} {
		for _, mode := range []string{"fresh", "again"} {
			b.Run(fmt.Sprintf("records=%d/%s", records, mode), func(b *testing.B) {
				const size = 64 << 20
				step := padded(int64(records*recordBytes), maxAlign)
				f, err := file.OS().OpenFile(filepath.Join(b.TempDir(), "bare"), os.O_RDWR|os.O_CREATE, 0o600)
				if err != nil {
					b.Fatal(err)
				}
				defer f.Close()
				buf := make([]byte, step)
				renew := func() {
					if err := f.Truncate(0); err != nil {
						b.Fatal(err)
					}
					if err := f.Allocate(0, size); err != nil {
						b.Fatal(err)
					}
					if mode == "again" {
						all := make([]byte, size)
						if _, err := f.WriteAt(all, 0); err != nil {
							b.Fatal(err)
						}
					}
					if err := f.Datasync(); err != nil {
						b.Fatal(err)
					}
				}
				renew()
				b.SetBytes(recordBytes)
				report := cpu(b)
				b.ResetTimer()
				off := int64(0)
				for n := 0; n < b.N; n += records {
					if off+step > size {
						off = 0
						if mode == "fresh" {
							b.StopTimer()
							renew()
							b.StartTimer()
						}
					}
					if _, err := f.WriteAt(buf, off); err != nil {
						b.Fatal(err)
					}
					if err := f.Datasync(); err != nil {
						b.Fatal(err)
					}
					off += step
				}
				b.StopTimer()
				report()
			})
		}
	}
}

// BenchmarkRead reads a whole journal of 12 KB records from its files, checksums checked.
func BenchmarkRead(b *testing.B) {
	l, err := Open(Options{Dir: b.TempDir(), MaxBytes: 1 << 30, Logger: quiet})
	if err != nil {
		b.Fatal(err)
	}
	defer l.Close()
	p, _ := l.Partition("samples")
	record := make([]byte, recordBytes)
	const n = 20_000
	var wg sync.WaitGroup
	for range n {
		wg.Add(1)
		if err := p.Append(context.Background(), record, func(Commit, error) { wg.Done() }); err != nil {
			b.Fatal(err)
		}
	}
	wg.Wait()
	b.SetBytes(recordBytes)
	b.ReportAllocs()
	b.ResetTimer()
	r := p.Read(1)
	for range b.N {
		_, ok, err := r.TryNext()
		if err != nil {
			b.Fatal(err)
		}
		if !ok {
			r = p.Read(1)
		}
	}
}

// BenchmarkOpen opens a journal of 240 MB: its newest segment is read, and the one made ahead.
func BenchmarkOpen(b *testing.B) {
	o := Options{Dir: b.TempDir(), Logger: quiet}
	l, err := Open(o)
	if err != nil {
		b.Fatal(err)
	}
	p, _ := l.Partition("samples")
	var wg sync.WaitGroup
	for range 20_000 {
		wg.Add(1)
		if err := p.Append(context.Background(), make([]byte, recordBytes), func(Commit, error) { wg.Done() }); err != nil {
			b.Fatal(err)
		}
	}
	wg.Wait()
	b.ReportAllocs()
	b.ResetTimer()
	for range b.N {
		if err := l.Close(); err != nil {
			b.Fatal(err)
		}
		if l, err = Open(o); err != nil {
			b.Fatal(err)
		}
	}
	b.StopTimer()
	l.Close()
}
