package telemetry

import (
	"context"
	"errors"
	"math"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"jingwei/internal/kernel/file"
)

// TestReadersSeeEverySampleOnceWhileItIsFlushedAndMerged reads all the time while samples come, heads are flushed and
// blocks are merged on a real file system: what was acknowledged before a read began is in it, exactly once.
func TestReadersSeeEverySampleOnceWhileItIsFlushedAndMerged(t *testing.T) {
	n := newNode(file.OS(), t.TempDir())
	n.options = Options{HeadBytes: 300 << 10, CompactAfter: 2, CompactRate: -1, BlockBytes: 32 << 10, SettleAfter: time.Nanosecond}
	n.clock.t = begin + int64(24*time.Hour)
	n.mustOpen(t)
	t.Cleanup(n.close)
	refs := n.declare(t, Float64, Float64, Float64)
	const batches, rows = 300, 100
	ctx := context.Background()
	acked := make([]atomic.Int64, len(refs)) // seconds of each series that are acknowledged, from begin
	stop := make(chan struct{})
	var readers, writers sync.WaitGroup
	for k := range 3 {
		readers.Go(func() {
			for {
				select {
				case <-stop:
					return
				default:
				}
				for i, ref := range refs {
					least := acked[i].Load()
					var got, last int64
					last = -1
					err := n.store.Scan(ctx, ref, Span{begin, MaxTime}, ScanOptions{Columns: WithStatus}, func(r *Run) bool {
						for j, at := range r.Time {
							if at <= last {
								t.Errorf("time %d after %d", at, last)
							}
							last = at
							if want := math.Float64bits(float64(at)); r.Bits[j] != want {
								t.Errorf("value at %d is %x, want %x", at, r.Bits[j], want)
							}
						}
						got += int64(r.Len())
						return true
					})
					if err != nil || got < least {
						t.Errorf("%d samples, %d were acknowledged (%v)", got, least, err)
					}
					if k == 0 {
						if s := n.store.Latest([]Ref{ref}, n.clock.t, nil)[0]; s.Commit == 0 && least > 0 || s.Commit != 0 && s.Time < begin+(least-1)*int64(time.Second) {
							t.Errorf("latest is %+v after %d seconds", s, least)
						}
						a, err := n.store.Aggregate(ctx, refs, Span{begin, begin + int64(batches*rows)*int64(time.Second)}, AggregateOptions{Step: time.Hour, Now: begin + int64(24*time.Hour)})
						if err != nil {
							t.Error(err)
							return
						}
						total := int64(0)
						for _, b := range a[i] {
							total += int64(b.Good)
						}
						if total < least {
							t.Errorf("%d samples in buckets, %d were acknowledged", total, least)
						}
					}
				}
			}
		})
	}
	for i, ref := range refs {
		writers.Go(func() {
			inFlight := make(chan struct{}, 8)
			for k := range batches {
				b := &Batch{Origin: Measured}
				for j := range rows {
					at := begin + int64(k*rows+j)*int64(time.Second)
					b.Ref, b.Time, b.Gateway, b.Bits = append(b.Ref, ref), append(b.Time, at), append(b.Gateway, at), append(b.Bits, math.Float64bits(float64(at)))
				}
				inFlight <- struct{}{}
				err := n.store.Append(ctx, producerID(i), 1, uint64(k+1), b, func(_ Receipt, err error) {
					if err != nil {
						t.Error(err)
					}
					acked[i].Add(rows)
					<-inFlight
				})
				if err != nil {
					t.Error(err)
				}
			}
			for range cap(inFlight) {
				inFlight <- struct{}{}
			}
		})
	}
	writers.Wait()
	close(stop)
	readers.Wait()
	if st := n.store.Stats(); st.Flushes < 3 || st.Compactions == 0 {
		t.Fatalf("nothing happened in the background: %+v", st)
	}
	n.close()
	n.mustOpen(t)
	for _, ref := range refs {
		if got := count(t, n.store, ref); got != batches*rows {
			t.Fatalf("%d samples after a restart", got)
		}
	}
}

func TestCloseEndsWaitersAndRefusesWhatComesAfter(t *testing.T) {
	n, _ := memoryNode(t, 31)
	ref := n.declare(t, Float64)[0]
	n.store.room.shut(func() bool { return false })
	answer := make(chan error, 1)
	go func() {
		answer <- n.store.Append(context.Background(), producerID(1), 1, 1, rowsOf(ref, []int64{begin}, []uint64{1}), func(Receipt, error) {})
	}()
	s := n.store
	time.Sleep(10 * time.Millisecond)
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if err := <-answer; !errors.Is(err, ErrClosed) {
		t.Fatalf("a waiting batch: %v", err)
	}
	if err := s.Append(context.Background(), producerID(1), 1, 1, rowsOf(ref, []int64{begin}, []uint64{1}), nil); !errors.Is(err, ErrClosed) {
		t.Fatalf("after Close: %v", err)
	}
	if _, err := s.Raw(context.Background(), ref, Span{0, 1}, RawOptions{}); !errors.Is(err, ErrClosed) {
		t.Fatalf("read after Close: %v", err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
}
