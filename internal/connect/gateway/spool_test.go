package gateway

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"jingwei/internal/connect/driver"
	"jingwei/internal/federate"
	"jingwei/internal/kernel/file"
	"jingwei/internal/kernel/file/fault"
	"jingwei/internal/telemetry"
)

func testSpool(t testing.TB, fs file.FS, dir string, maxBytes int64) *spool {
	t.Helper()
	return must(openSpool(spoolOptions{FS: fs, Dir: dir, MaxBytes: maxBytes, Segment: max(maxBytes/4, 64<<10) / 4096 * 4096, Now: time.Now, Logger: testLog(t)}))
}

func intTable(n int) federate.Table {
	t := make(federate.Table, n)
	for i := range t {
		t[i] = federate.Entry{Series: uuid.UUID{byte(i), byte(i >> 8), 7}, Type: telemetry.Int64}
	}
	return t
}

func intBatch(places int, at int64) *telemetry.Batch {
	b := &telemetry.Batch{Origin: telemetry.Measured}
	for p := range places {
		b.Ref, b.Time, b.Gateway, b.Bits = append(b.Ref, telemetry.Ref(p)), append(b.Time, at), append(b.Gateway, at), append(b.Bits, uint64(at))
		b.Status, b.Flags = append(b.Status, 0), append(b.Flags, 0)
	}
	return b
}

func add(t testing.TB, s *spool, b *telemetry.Batch) {
	t.Helper()
	done := make(chan struct{})
	if _, _, err := s.add(context.Background(), b, func() { close(done) }); err != nil {
		t.Fatal(err)
	}
	<-done
}

func TestSpoolKeepsItsPlaceAndNumbersThroughRestarts(t *testing.T) {
	disk := fault.NewDisk(2)
	s := testSpool(t, disk, "/s", 1<<20)
	s.setTable(intTable(4))
	for i := range 10 {
		add(t, s, intBatch(4, int64(i+1)))
	}
	epoch := s.place.Epoch
	src := newSource(s, nil)
	if got := must(src.Resume(context.Background(), 0, 0)); got != epoch {
		t.Fatalf("epoch %d, want %d", got, epoch)
	}
	for range 6 {
		if _, ok, err := src.TryNext(); !ok || err != nil {
			t.Fatal(ok, err)
		}
	}
	s.acked(epoch, 6)
	if st := s.status(); st.Batches != 4 || st.Samples != 16 || st.LastSeq != 10 || st.AckedSeq != 6 || st.Oldest == nil {
		t.Errorf("status %+v", st)
	}
	if err := s.close(); err != nil {
		t.Fatal(err)
	}
	disk.Crash()
	s = testSpool(t, disk, "/s", 1<<20)
	defer s.close()
	if st := s.status(); s.place.Epoch != epoch || st.Batches != 4 || st.Samples != 16 || s.next != 11 {
		t.Errorf("after a restart: %+v next %d", st, s.next)
	}
	s.setTable(intTable(5)) // another configuration: old batches still go with their own table
	add(t, s, intBatch(5, 11))
	src = newSource(s, nil)
	must(src.Resume(context.Background(), epoch, 7))
	var tables []uint64
	for want := uint64(8); want <= 11; want++ {
		item, ok, err := src.TryNext()
		if !ok || err != nil || item.Seq != want {
			t.Fatalf("item %+v %v %v, want %d", item, ok, err, want)
		}
		table := must(federate.ParseTable(must(src.TableBytes(item.Table))))
		var c federate.Codec
		var b telemetry.Batch
		if err := c.Decode(item.Body, table, &b); err != nil || b.Time[0] != int64(want) || b.Len() != len(table) {
			t.Fatalf("batch %d: %v, time %v, %d rows", want, err, b.Time, b.Len())
		}
		tables = append(tables, item.Table)
	}
	if tables[0] != tables[2] || tables[3] == tables[2] {
		t.Errorf("tables %v", tables)
	}
}

// TestCrashesNeverLoseWhatWasDurable kills the machine at random moments: every sample whose spooling was confirmed
// reaches the node once, in order.
func TestCrashesNeverLoseWhatWasDurable(t *testing.T) {
	for seed := range uint64(12) {
		disk := fault.NewDisk(seed)
		r := rand.New(rand.NewPCG(seed, 9))
		n := &testNode{t: t, stored: map[uuid.UUID]*producer{}, deny: map[uuid.UUID]federate.Reason{}}
		id := uuid.New()
		var confirmed []int64
		at := int64(0)
		for life := range 6 {
			s := testSpool(t, disk, "/s", 1<<20)
			s.setTable(intTable(1 + life%3))
			src := newSource(s, nil)
			epoch, err := src.Resume(context.Background(), n.of(id).epoch, n.of(id).last)
			if err != nil {
				t.Fatalf("seed %d life %d: %v", seed, life, err)
			}
			var mu sync.Mutex
			if life < 5 {
				disk.PowerOffAfter(20 + r.IntN(200))
			}
			for range 50 + r.IntN(200) {
				at++
				sample := at
				if _, _, err := s.add(context.Background(), intBatch(1, sample), func() { mu.Lock(); confirmed = append(confirmed, sample); mu.Unlock() }); err != nil {
					break
				}
				if r.IntN(4) > 0 {
					continue
				}
				send(t, n, id, s, src, epoch, 1+r.IntN(20))
			}
			if life == 5 {
				wait(t, "the last are durable", func() bool {
					mu.Lock()
					defer mu.Unlock()
					return len(confirmed) > 0 && confirmed[len(confirmed)-1] == at
				})
				send(t, n, id, s, src, epoch, 1<<20)
				_ = s.close()
				break
			}
			_ = s.close() // of a machine that is off: it must end, nothing more
			if !disk.IsOff() {
				disk.PowerOff()
			}
			disk.PowerOn()
		}
		if len(confirmed) < 100 {
			t.Fatalf("seed %d: only %d samples were confirmed", seed, len(confirmed))
		}
		rows := n.of(id).rows
		k := 0
		for i, row := range rows {
			if i > 0 && row.time <= rows[i-1].time {
				t.Fatalf("seed %d: time %d after %d", seed, row.time, rows[i-1].time)
			}
			if k < len(confirmed) && row.time == confirmed[k] {
				k++
			}
		}
		if k != len(confirmed) {
			t.Fatalf("seed %d: %d of %d confirmed samples arrived; missing %d", seed, k, len(confirmed), confirmed[k])
		}
	}
}

// send moves up to so many batches to the node as a sender would.
func send(t testing.TB, n *testNode, id uuid.UUID, s *spool, src *source, epoch uint64, most int) {
	t.Helper()
	var c federate.Codec
	for range most {
		item, ok, err := src.TryNext()
		if err != nil || !ok {
			return
		}
		blob, err := src.TableBytes(item.Table)
		if err != nil {
			t.Fatal(err)
		}
		var b telemetry.Batch
		if err := c.Decode(item.Body, must(federate.ParseTable(blob)), &b); err != nil {
			t.Fatal(err)
		}
		if err := n.Append(context.Background(), id, epoch, item.Seq, &b, func(telemetry.Receipt, error) {}); err != nil {
			t.Fatalf("%d-%d: %v", epoch, item.Seq, err)
		}
		s.acked(epoch, item.Seq)
	}
}

func TestFullSpoolDropsTheNewestAndMarksTheGap(t *testing.T) {
	n := newTestNode(t)
	disk := fault.NewDisk(3)
	s := testSpool(t, disk, "/s", 512<<10)
	defer s.close()
	s.setTable(intTable(2))
	o := Options{DataDir: "/gw", Interval: time.Millisecond}
	if err := o.fill(); err != nil {
		t.Fatal(err)
	}
	o.Logger = testLog(t)
	c := newCollector(s, &o, "gw")
	out := c.outlet([]telemetry.Ref{0, 1})
	ctx, cancel := context.WithCancel(context.Background())
	var run sync.WaitGroup
	run.Go(func() {
		if err := c.run(ctx); err != nil {
			t.Errorf("collector: %v", err)
		}
	})
	defer func() { cancel(); run.Wait() }()

	r := rand.New(rand.NewPCG(1, 1))
	at := int64(0)
	feed := func(k int) {
		var batch []driver.Output
		for range k {
			at++
			batch = append(batch, driver.Output{Point: uint32(at % 2), Time: at, Gateway: at, Value: telemetry.Value{Type: telemetry.Int64, Bits: r.Uint64()}, Origin: telemetry.Measured})
		}
		if err := out(ctx, batch); err != nil {
			t.Fatal(err)
		}
	}
	deadline := time.Now().Add(20 * time.Second)
	for c.status().Dropped == 0 && time.Now().Before(deadline) {
		feed(3000)
		time.Sleep(2 * time.Millisecond)
	}
	st := c.status()
	if st.Dropped == 0 || !s.status().Full {
		t.Fatalf("a spool of 512 KiB took %d samples and is not full", st.Taken)
	}
	// The node takes all there is; polling goes on.
	id := uuid.New()
	src := newSource(s, nil)
	epoch := must(src.Resume(ctx, 0, 0))
	send(t, n, id, s, src, epoch, 1<<20)
	wait(t, "there is room again", func() bool { feed(10); time.Sleep(5 * time.Millisecond); return !s.status().Full })
	wait(t, "all is settled", func() bool { st := c.status(); return st.Spooled+st.Dropped == st.Taken })
	send(t, n, id, s, src, epoch, 1<<20)
	rows := n.rows(id)
	var good uint64
	marks := map[telemetry.Ref]int64{}
	for _, row := range rows {
		switch row.status {
		case telemetry.Good:
			good++
		case BadDataLost:
			marks[row.series] = row.time
		}
	}
	if st = c.status(); good != st.Spooled {
		t.Errorf("%d good samples on the node, %d were spooled", good, st.Spooled)
	}
	if len(marks) != 2 {
		t.Fatalf("marks %v, want one for each of the two points", marks)
	}
	for ref, at := range marks {
		for _, row := range rows {
			if row.series == ref && row.status == telemetry.Good && row.time == at {
				t.Errorf("point %d: the gap is marked at %d, where a value is", ref, at)
			}
		}
	}
}

// TestThirteenHourOutageDrains fills a spool with what 100 points at 1 s leave in 13 hours, and tells how many times
// faster than live it goes to the node over a real link, compressed, acknowledged.
func TestThirteenHourOutageDrains(t *testing.T) {
	if testing.Short() {
		t.Skip("writes 4.7 million samples")
	}
	const points, seconds = 100, 13 * 3600
	n := newTestNode(t)
	n.document = must(testDocument(1, time.Hour).Encode())
	n.up()
	o := Options{DataDir: t.TempDir(), Code: n.code("open"), Drivers: drivers(&counting{}), SpoolBytes: 1 << 30}
	g, stop := startGateway(t, o)
	wait(t, "the gateway is enrolled", func() bool { st, ok := g.Status(); return ok && st.Hash != "" })
	id := n.gateway()
	if err := stop(); err != nil {
		t.Fatal(err)
	}
	n.down()
	s := must(openSpool(spoolOptions{FS: file.OS(), Dir: o.DataDir + "/spool", MaxBytes: 1 << 30, Segment: 8 << 20, Now: time.Now, Logger: testLog(t)}))
	s.setTable(intTable(points))
	noise := rand.New(rand.NewPCG(4, 4))
	start := time.Now().Add(-seconds * time.Second).UnixNano()
	for i := range seconds {
		b := intBatch(points, start+int64(i)*1e9)
		for p := range b.Bits {
			b.Bits[p] = uint64(1000 + p*10 + noise.IntN(500)) // a reading of three digits that never rests
		}
		if _, _, err := s.add(context.Background(), b, func() {}); err != nil {
			t.Fatal(err)
		}
	}
	wait(t, "all of it is durable", func() bool { return s.status().Samples >= points*seconds })
	st := s.status()
	if err := s.close(); err != nil {
		t.Fatal(err)
	}
	before := len(n.rows(id))
	n.up()
	began := time.Now()
	g, stop = startGateway(t, o)
	waitFor(t, 3*time.Minute, "all of it has arrived", func() bool {
		n.mu.Lock()
		defer n.mu.Unlock()
		return len(n.of(id).rows)-before >= points*seconds
	})
	took := time.Since(began)
	wait(t, "it is acknowledged", func() bool { st, ok := g.Status(); return ok && st.Spool.Batches < 3 })
	c, _ := n.listener.Session(id).Conn().Stats()
	if err := stop(); err != nil {
		t.Fatal(err)
	}
	rate := points * seconds / took.Seconds()
	t.Logf("13 h of %d points: %.1f MB in the spool (%.1f B a sample), %.2f B a sample on the link, drained in %v: %.0f samples/s, %.0f times live",
		points, float64(st.Bytes)/1e6, float64(st.Bytes)/points/seconds, float64(c.BytesIn)/points/seconds, took.Round(time.Millisecond), rate, rate/points)
	if rate < 20*points {
		t.Errorf("drains at %.0f times live, want 20 at least", rate/points)
	}
}

func TestRecordsComeBackAndBadOnesAreRefused(t *testing.T) {
	h := batchHead{Index: 1 << 40, Table: 7, Rows: 9, Oldest: -5}
	got, body, err := parseBatch(append(h.append(nil), 1, 2, 3))
	if err != nil || got != h || string(body) != "\x01\x02\x03" {
		t.Errorf("%+v %v %v", got, body, err)
	}
	a := aside{Epoch: 1, Seq: 2, Index: 3, Rows: 4, Reason: []byte("{}"), Table: []byte{9}, Body: []byte{8, 7}}
	b := a.append(nil)
	back, err := parseAside(b)
	if err != nil || fmt.Sprint(back) != fmt.Sprint(a) {
		t.Errorf("%+v %v", back, err)
	}
	for cut := range b {
		if _, err := parseAside(b[:cut]); !errors.Is(err, errRecord) {
			t.Fatalf("%d bytes: %v", cut, err)
		}
	}
}

func FuzzSpoolRecords(f *testing.F) {
	f.Add(batchHead{Index: 1}.append(nil))
	f.Add(appendTable(nil, 1, intTable(2)))
	f.Add((&aside{Reason: []byte("{}"), Body: []byte{1}}).append(nil))
	f.Fuzz(func(t *testing.T, b []byte) {
		_, _, _ = parseBatch(b)
		_, _, _ = parseTable(b)
		if a, err := parseAside(b); err == nil && string(a.append(nil)) != string(b) {
			t.Fatal("a quarantine record came back otherwise")
		}
	})
}
