package ingest

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"
	"net/http"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"github.com/klauspost/compress/s2"
)

// Remote write is sent as Prometheus sends it: a request of many series with one sample each, in snappy.
const (
	writers       = 8
	requestSeries = 2000 // Prometheus' own default
)

// series is one of the devices' metrics in a remote write request (prometheus/prompb/remote.proto): labels, then a sample
// that is patched.
type series struct {
	d, m int
	b    []byte // the whole TimeSeries field
	at   int    // where value and time of its sample stand
}

func newSeries(d, m int, now int64) series {
	field := func(dst []byte, n int, body []byte) []byte {
		return append(binary.AppendUvarint(binary.AppendUvarint(dst, uint64(n<<3|2)), uint64(len(body))), body...)
	}
	label := func(name, value string) []byte { return field(field(nil, 1, []byte(name)), 2, []byte(value)) }
	body := field(nil, 1, label("__name__", "m"+strconv.Itoa(m)))
	body = field(body, 1, label("device", fmt.Sprintf("d%03d", d)))
	sample := append([]byte{1<<3 | 1}, make([]byte, 8)...)
	sample = binary.AppendUvarint(append(sample, 2<<3), uint64(now))
	body = field(body, 2, sample)
	s := series{d: d, m: m, b: field(nil, 1, body)}
	s.at = len(s.b) - len(sample)
	return s
}

func (s *series) patch(v *values, n int, at int64) {
	binary.LittleEndian.PutUint64(s.b[s.at+1:], math.Float64bits(v.number[index(s.d, s.m, n)]))
	stamp(s.b[s.at+10:], at)
}

func (l *load) remoteWrite(ctx context.Context, begin func() error) (*sent, error) {
	v := newValues(l.Seed)
	now := time.Now().UnixMilli()
	var all []series
	for d := range devices {
		for m := range metrics {
			all = append(all, newSeries(d, m, now))
		}
	}
	client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: writers}}
	defer client.CloseIdleConnections()
	if err := begin(); err != nil {
		return nil, err
	}
	start := time.Now()
	stop := start.Add(l.For)
	out := new(sent)
	var mu sync.Mutex
	var times []float64
	var points atomic.Int64
	errs := make([]error, writers)
	var wg sync.WaitGroup
	for w := range writers {
		wg.Go(func() {
			// every writer has series of its own, so that each series' times go up
			mine := all[w*len(all)/writers : (w+1)*len(all)/writers]
			var plain, packed []byte
			var took []float64
			last := now
			for n := 1; time.Now().Before(stop) && ctx.Err() == nil; n++ {
				last = max(last+1, time.Now().UnixMilli())
				for k := 0; k < len(mine); k += requestSeries {
					part := mine[k:min(k+requestSeries, len(mine))]
					plain = plain[:0]
					for i := range part {
						part[i].patch(v, n, last)
						plain = append(plain, part[i].b...)
					}
					packed = s2.EncodeSnappy(packed[:cap(packed)], plain)
					asked := time.Now()
					if errs[w] = post(ctx, client, l.Address, packed); errs[w] != nil {
						return
					}
					took = append(took, float64(time.Since(asked).Nanoseconds())/1e6)
					points.Add(int64(len(part)))
				}
			}
			mu.Lock()
			defer mu.Unlock()
			times = append(times, took...)
		})
	}
	wg.Wait()
	out.Wall, out.Points, out.Messages = time.Since(start).Seconds(), int(points.Load()), len(times)
	out.quantiles(times)
	return out, errors.Join(errs...)
}

func post(ctx context.Context, c *http.Client, url string, body []byte) error {
	q, err := http.NewRequestWithContext(ctx, http.MethodPost, url, bytes.NewReader(body))
	if err != nil {
		return err
	}
	q.Header.Set("Content-Type", "application/x-protobuf")
	q.Header.Set("Content-Encoding", "snappy")
	q.Header.Set("X-Prometheus-Remote-Write-Version", "0.1.0")
	a, err := c.Do(q)
	if err != nil {
		return err
	}
	defer a.Body.Close()
	b, err := io.ReadAll(io.LimitReader(a.Body, 4096))
	if err == nil && a.StatusCode/100 != 2 {
		err = fmt.Errorf("%s: %s", a.Status, b)
	}
	return err
}
