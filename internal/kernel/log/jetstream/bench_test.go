package jetstream

import (
	"context"
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"jingwei/internal/kernel/log"
	"jingwei/internal/kernel/log/jetstream/natstest"
)

// recordBytes is about 1,000 samples.
const recordBytes = 10_000

// BenchmarkAppend: each producer waits for the acknowledgement of a record before it appends the next. A keeper lets go
// of everything as a store does that has written its chunks. Beside it run the journal on this machine's own disk, and the
// same stream with one record to a message ("single"). The servers are processes of this machine: their CPU time is told
// apart.
func BenchmarkAppend(b *testing.B) {
	for _, producers := range []int{1, 16, 64} {
		b.Run(fmt.Sprintf("embedded/producers=%d", producers), func(b *testing.B) {
			l, err := log.Open(log.Options{Dir: b.TempDir(), Keepers: []string{"k"}, RetainBytes: -1, Logger: quiet})
			if err != nil {
				b.Fatal(err)
			}
			benchmark(b, l, producers, nil)
		})
		for _, k := range []struct {
			name    string
			servers int
			group   int
		}{{"R1", 1, 0}, {"R3", 3, 0}, {"R1-single", 1, 1}, {"R3-single", 3, 1}} {
			if k.group == 1 && producers == 1 {
				continue // the same
			}
			b.Run(fmt.Sprintf("%s/producers=%d", k.name, producers), func(b *testing.B) {
				c := natstest.Shared(b, k.servers)
				o := fresh(b, c, k.servers)
				o.Keepers, o.RetainBytes, o.MaxGroupBytes = []string{"k"}, -1, k.group
				l := open(b, o)
				benchmark(b, l, producers, c.Pids())
				s := l.Stats()
				b.ReportMetric(float64(s.Records)/float64(s.Groups), "records/group")
				if err := l.js.DeleteStream(context.Background(), o.Stream); err != nil {
					b.Error(err)
				}
			})
		}
	}
}

func benchmark(b *testing.B, l log.Journal, producers int, pids []int) {
	p := topic(b, l, "samples")
	record := make([]byte, recordBytes)
	b.SetBytes(recordBytes)
	spent := cpu(pids)
	own := cpu([]int{os.Getpid()})
	waits := make([]time.Duration, 0, b.N)
	var mu sync.Mutex
	b.ResetTimer()
	var wg sync.WaitGroup
	for i := range producers {
		n := b.N / producers
		if i < b.N%producers {
			n++
		}
		wg.Go(func() {
			acked := make(chan error, 1)
			mine := make([]time.Duration, 0, n)
			done := func(c log.Commit, err error) {
				if c.Number%1000 == 0 {
					_ = l.Keep("k", c.Number)
				}
				acked <- err
			}
			for range n {
				begin := time.Now()
				err := p.Append(context.Background(), record, done)
				if err == nil {
					err = <-acked
				}
				if err != nil {
					b.Error(err)
					return
				}
				mine = append(mine, time.Since(begin))
			}
			mu.Lock()
			waits = append(waits, mine...)
			mu.Unlock()
		})
	}
	wg.Wait()
	b.StopTimer()
	b.ReportMetric(float64(cpu(pids)-spent)/float64(b.N)/1e3, "server-µs/op")
	b.ReportMetric(float64(cpu([]int{os.Getpid()})-own)/float64(b.N)/1e3, "own-µs/op")
	slices.Sort(waits)
	b.ReportMetric(float64(waits[len(waits)/2])/1e6, "p50-ms")
	b.ReportMetric(float64(waits[len(waits)*99/100])/1e6, "p99-ms")
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "records/s")
	if err := l.Close(); err != nil {
		b.Fatal(err)
	}
}

// cpu is the time that processes have used so far, by /proc; 0 where there is none.
func cpu(pids []int) (sum time.Duration) {
	for _, pid := range pids {
		text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
		if err != nil {
			return 0
		}
		_, rest, _ := strings.Cut(string(text), ") ")
		f := strings.Fields(rest)
		for _, ticks := range f[11:13] {
			n, _ := strconv.ParseInt(ticks, 10, 64)
			sum += time.Duration(n) * 10 * time.Millisecond
		}
	}
	return sum
}
