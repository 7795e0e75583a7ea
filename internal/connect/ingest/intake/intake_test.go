package intake

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"

	"jingwei/internal/kernel/log"
	"jingwei/internal/telemetry"
)

func TestMessagesBecomeDurableInOrderWithTheirTexts(t *testing.T) {
	h := newHouse(t, 4, log.Options{})
	in, stop := h.run(Options{Origin: telemetry.Replayed})
	a := expect(100)
	var m Message
	for i := range 100 {
		m.Reset()
		at := begin + int64(i)
		if i%10 != 9 { // each tenth is empty: answered after those before it
			m.Add(h.refs[0], at, begin+1000, number(float64(i)), 0)
			m.Add(h.refs[3], at, begin+1000, words(fmt.Sprintf("text %d", i)), telemetry.Uncertain)
			m.Add(h.refs[3], 0, begin+2000+int64(i), words("second"), 0)
			m.Add(h.refs[1], at, begin+1000, telemetry.Value{}, telemetry.BadNoCommunication)
		}
		if err := in.Put(context.Background(), &m, a.to(i)); err != nil {
			t.Fatal(err)
		}
	}
	a.wait(t)
	for i := range 100 {
		if a.who[i] != i || a.errs[i] != nil {
			t.Fatalf("answer %d was to %d: %v", i, a.who[i], a.errs[a.who[i]])
		}
	}
	if err := stop(); err != nil {
		t.Fatal(err)
	}
	floats, texts, nulls := h.samples(h.refs[0]), h.samples(h.refs[3]), h.samples(h.refs[1])
	if len(floats) != 90 || len(texts) != 180 || len(nulls) != 90 {
		t.Fatalf("%d floats, %d texts, %d nulls", len(floats), len(texts), len(nulls))
	}
	for k, s := range floats {
		i := int(s.Time - begin)
		if math.Float64frombits(s.Value.Bits) != float64(i) || s.Origin != telemetry.Replayed || s.Gateway != begin+1000 {
			t.Errorf("float %d: %+v", k, s)
		}
		if x := texts[k]; x.Value.Text != fmt.Sprintf("text %d", i) || x.Time != s.Time || x.Status != telemetry.Uncertain {
			t.Errorf("text %d: %+v", k, x)
		}
		if x := texts[90+k]; x.Value.Text != "second" || x.Flags&telemetry.GatewayTime == 0 || x.Time != begin+2000+int64(i) {
			t.Errorf("second text %d: %+v", k, x)
		}
		if x := nulls[k]; x.Flags&telemetry.NoValue == 0 || x.Status != telemetry.BadNoCommunication {
			t.Errorf("null %d: %+v", k, x)
		}
	}
	if s := in.Stats(); s.Rows != 360 || s.Messages != 100 || s.Bytes != 0 || s.Refused != 0 {
		t.Errorf("stats %+v", s)
	}
	if err := in.Put(context.Background(), &m, func(error) { t.Error("answered after the end") }); !errors.Is(err, ErrClosed) {
		t.Errorf("after the end: %v", err)
	}
}

func TestABadMessageHarmsNoNeighbour(t *testing.T) {
	h := newHouse(t, 4, log.Options{})
	o := Options{Store: h.store, Producer: producer}
	in := New(o) // all gather in one batch, because Run begins later
	const n = 300
	bad := map[int]string{7: "time", 8: "ref", 150: "text", 299: "bits"}
	a := expect(n)
	for i := range n {
		var m Message
		m.Add(h.refs[3], begin+int64(i), begin, words(fmt.Sprint("t", i)), 0)
		m.Add(h.refs[0], begin+int64(i), begin, number(float64(i)), 0)
		switch bad[i] {
		case "time":
			m.Add(h.refs[0], telemetry.MaxTime, begin, number(1), 0)
		case "ref":
			m.Add(999, begin, begin, number(1), 0)
		case "text":
			m.Add(h.refs[3], begin, begin, words("half \xe4"), 0)
		case "bits":
			m.Add(h.refs[2], begin, begin, telemetry.Value{Type: telemetry.Bool, Bits: 2}, 0)
		}
		if err := in.Put(context.Background(), &m, a.to(i)); err != nil {
			t.Fatal(err)
		}
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error)
	go func() { ended <- in.Run(ctx) }()
	a.wait(t)
	cancel()
	if err := <-ended; err != nil {
		t.Fatal(err)
	}
	if !slices.IsSorted(a.who) {
		t.Error("not answered in order")
	}
	for i := range n {
		var refused *telemetry.BatchError
		if bad[i] == "" {
			if a.errs[i] != nil || a.n[i] != 1 {
				t.Errorf("message %d: %v, %d answers", i, a.errs[i], a.n[i])
			}
			continue
		}
		if !errors.As(a.errs[i], &refused) || refused.Field != bad[i] || refused.Field != "text" && refused.Row != 2 {
			t.Errorf("message %d: %v, want a refusal for %s in row 2", i, a.errs[i], bad[i])
		}
	}
	got := h.samples(h.refs[3])
	if len(got) != n-len(bad) {
		t.Fatalf("%d texts are stored, want %d", len(got), n-len(bad))
	}
	for _, s := range got {
		if i := int(s.Time - begin); s.Value.Text != fmt.Sprint("t", i) || bad[i] != "" {
			t.Errorf("message %d has %q", i, s.Value.Text)
		}
	}
	if s := in.Stats(); s.Refused != int64(len(bad)) || s.Messages != n-int64(len(bad)) {
		t.Errorf("stats %+v", s)
	}
}

func TestTooManyRowsAreRefusedAtOnceAndManyMakeManyBatches(t *testing.T) {
	h := newHouse(t, 1, log.Options{})
	in, _ := h.run(Options{MaxRows: 100})
	var m Message
	for i := range 101 {
		m.Add(h.refs[0], begin+int64(i), begin, number(1), 0)
	}
	var refused *telemetry.BatchError
	if err := in.Put(context.Background(), &m, func(error) { t.Error("answered") }); !errors.As(err, &refused) || refused.Field != "rows" {
		t.Fatalf("101 rows: %v", err)
	}
	a := expect(50)
	for i := range 50 {
		m.Reset()
		for k := range 70 {
			m.Add(h.refs[0], begin+int64(i*70+k), begin, number(float64(k)), 0)
		}
		if err := in.Put(context.Background(), &m, a.to(i)); err != nil {
			t.Fatal(err)
		}
	}
	a.wait(t)
	if s := in.Stats(); s.Rows != 3500 || s.Batches != 50 {
		t.Errorf("stats %+v", s)
	}
}

// A record larger than the journal takes is made of messages that fit one by one; one that does not fit alone is told so.
func TestBatchTooLargeForTheJournalIsSplit(t *testing.T) {
	h := newHouse(t, 4, log.Options{SegmentBytes: 256 << 10, MaxBytes: 4 << 20, MaxRecordBytes: 100 << 10})
	in := New(Options{Store: h.store, Producer: producer})
	a := expect(6)
	for i := range 6 {
		var m Message
		size := 2
		if i == 3 {
			size = 3
		}
		for k := range size {
			m.Add(h.refs[3], begin+int64(i*10+k), begin, words(strings.Repeat(string(rune('a'+i)), 40_000)), 0)
		}
		if err := in.Put(context.Background(), &m, a.to(i)); err != nil {
			t.Fatal(err)
		}
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error)
	go func() { ended <- in.Run(ctx) }()
	a.wait(t)
	cancel()
	if err := <-ended; err != nil {
		t.Fatal(err)
	}
	for i := range 6 {
		if too := errors.Is(a.errs[i], log.ErrTooLarge); too != (i == 3) || !too && a.errs[i] != nil {
			t.Errorf("message %d: %v", i, a.errs[i])
		}
	}
	if got := h.samples(h.refs[3]); len(got) != 10 {
		t.Errorf("%d are stored, want 10", len(got))
	}
}

func TestPutWaitsWhileTooMuchIsUnderWay(t *testing.T) {
	h := newHouse(t, 1, log.Options{})
	in := New(Options{Store: h.store, Producer: producer, MaxBytes: 2 * (partBytes + 10*rowBytes)})
	var m Message
	for i := range 10 {
		m.Add(h.refs[0], begin+int64(i), begin, number(1), 0)
	}
	a := expect(3)
	for i := range 2 {
		if err := in.Put(context.Background(), &m, a.to(i)); err != nil {
			t.Fatal(err)
		}
	}
	short, cancel := context.WithTimeout(context.Background(), 20*time.Millisecond)
	defer cancel()
	if err := in.Put(short, &m, a.to(9)); !errors.Is(err, context.DeadlineExceeded) {
		t.Fatalf("the third: %v, want that it waits until its context ends", err)
	}
	put := make(chan error, 1)
	go func() { put <- in.Put(context.Background(), &m, a.to(2)) }()
	ctx, end := context.WithCancel(context.Background())
	ended := make(chan error)
	go func() { ended <- in.Run(ctx) }()
	if err := <-put; err != nil {
		t.Fatal(err)
	}
	a.wait(t)
	end()
	if err := <-ended; err != nil {
		t.Fatal(err)
	}
	if a.n[9] != 0 || a.n[2] != 1 {
		t.Errorf("answers %v", a.n)
	}
}

func TestAFullJournalIsToldAndNothingIsAcknowledged(t *testing.T) {
	h := newHouse(t, 1, log.Options{SegmentBytes: 64 << 10, MaxBytes: 128 << 10})
	in, stop := h.run(Options{})
	acked, full := 0, 0
	for i := 0; full < 3 && i < 200_000; i++ {
		var m Message
		for k := range 500 {
			m.Add(h.refs[0], begin+int64(i*500+k), begin+int64(k), telemetry.Value{Type: telemetry.Float64, Bits: uint64(i*k) * 0x9E3779B97F4A7C15}, 0)
		}
		told := make(chan error, 1)
		if err := in.Put(context.Background(), &m, func(err error) { told <- err }); err != nil {
			t.Fatal(err)
		}
		switch err := <-told; {
		case err == nil && full == 0:
			acked++
		case errors.Is(err, log.ErrFull):
			full++
		default:
			t.Fatalf("message %d after %d acknowledged: %v", i, acked, err)
		}
	}
	if err := stop(); err != nil {
		t.Fatal(err)
	}
	if got := len(h.samples(h.refs[0])); full != 3 || acked == 0 || got != acked*500 {
		t.Errorf("%d acknowledged, %d told that it is full, %d rows stored", acked, full, got)
	}
	if s := in.Stats(); s.Failed != 3 || s.Bytes != 0 {
		t.Errorf("stats %+v", s)
	}
}

func TestEachRunBeginsAnEpochAndEndsWithAllAnswered(t *testing.T) {
	h := newHouse(t, 1, log.Options{})
	for run := range 3 {
		in, stop := h.run(Options{})
		a := expect(40)
		var m Message
		m.Add(h.refs[0], begin+int64(run), begin, number(float64(run)), 0)
		for i := range 40 {
			if err := in.Put(context.Background(), &m, a.to(i)); err != nil {
				t.Fatal(err)
			}
		}
		if err := stop(); err != nil { // at once: what was put is answered all the same
			t.Fatal(err)
		}
		for i := range 40 {
			if a.n[i] != 1 || a.errs[i] != nil {
				t.Fatalf("run %d, message %d: %d answers, %v", run, i, a.n[i], a.errs[i])
			}
		}
		if epoch, _ := h.store.LastSeq(producer); epoch != uint64(run+1) {
			t.Errorf("run %d is epoch %d", run, epoch)
		}
	}
	if got := h.samples(h.refs[0]); len(got) != 3 {
		t.Errorf("%d samples, want 3: the same message again is the same fact", len(got))
	}
}

func TestClosedStoreAnswersWithItsError(t *testing.T) {
	h := newHouse(t, 1, log.Options{})
	in, _ := h.run(Options{})
	if err := h.store.Close(); err != nil {
		t.Fatal(err)
	}
	var m Message
	m.Add(h.refs[0], begin, begin, number(1), 0)
	told := make(chan error, 1)
	if err := in.Put(context.Background(), &m, func(err error) { told <- err }); err != nil {
		t.Fatal(err)
	}
	if err := <-told; !errors.Is(err, telemetry.ErrClosed) {
		t.Errorf("told %v", err)
	}
}

func TestManySendersWithBadMessagesAmongThem(t *testing.T) {
	h := newHouse(t, 40, log.Options{})
	in, stop := h.run(Options{MaxRows: 500, MaxBytes: 64 << 10, Linger: time.Millisecond})
	var good, bad atomic.Int64
	var work sync.WaitGroup
	for c := range 20 {
		work.Go(func() {
			var m Message
			var answered sync.WaitGroup
			last := -1
			for i := range 100 {
				m.Reset()
				for k := range 8 {
					v := number(float64(k))
					if k%4 == 3 {
						v = words("w")
					} else if k%4 != 0 {
						v = telemetry.Value{Type: telemetry.Type(k%4 + 1), Bits: uint64(k % 2)}
					}
					m.Add(h.refs[k], begin+int64(c*1000+i), begin, v, 0)
				}
				if i%17 == c%17 {
					m.Add(h.refs[0], -5, begin, number(1), 0)
				}
				answered.Add(1)
				if err := in.Put(context.Background(), &m, func(err error) {
					if last++; last != i {
						t.Errorf("sender %d: %d is answered before %d", c, i, last)
					}
					if err == nil {
						good.Add(1)
					} else {
						bad.Add(1)
					}
					answered.Done()
				}); err != nil {
					t.Error(err)
					answered.Done()
				}
			}
			answered.Wait()
		})
	}
	work.Wait()
	if err := stop(); err != nil {
		t.Fatal(err)
	}
	if s := in.Stats(); good.Load()+bad.Load() != 2000 || bad.Load() < 100 || s.Rows != good.Load()*8 || s.Refused != bad.Load() {
		t.Errorf("%d good, %d bad, %+v", good.Load(), bad.Load(), s)
	}
	if got := len(h.samples(h.refs[3])); got != int(good.Load()) {
		t.Errorf("%d of %d texts are stored", got, good.Load())
	}
}

func TestConvert(t *testing.T) {
	f := func(v float64) telemetry.Value {
		return telemetry.Value{Type: telemetry.Float64, Bits: math.Float64bits(v)}
	}
	n := func(v int64) telemetry.Value { return telemetry.Value{Type: telemetry.Int64, Bits: uint64(v)} }
	yes := telemetry.Value{Type: telemetry.Bool, Bits: 1}
	for _, c := range []struct {
		slot Slot
		in   telemetry.Value
		out  telemetry.Value
		ok   bool
	}{
		{Slot{Type: telemetry.Float64}, f(1.5), f(1.5), true},
		{Slot{Type: telemetry.Float64}, n(-3), f(-3), true},
		{Slot{Type: telemetry.Float64, Scale: 0.1, Offset: 2}, n(10), f(3), true},
		{Slot{Type: telemetry.Float64}, n(1<<53 + 1), f(1 << 53), false},
		{Slot{Type: telemetry.Int64}, f(7), n(7), true},
		{Slot{Type: telemetry.Int64}, f(7.5), telemetry.Value{}, false},
		{Slot{Type: telemetry.Int64}, f(math.NaN()), telemetry.Value{}, false},
		{Slot{Type: telemetry.Int64}, f(math.Inf(1)), telemetry.Value{}, false},
		{Slot{Type: telemetry.Int64, Scale: 2}, n(7), n(7), false},
		{Slot{Type: telemetry.Bool}, yes, yes, true},
		{Slot{Type: telemetry.Bool}, n(1), n(1), false},
		{Slot{Type: telemetry.Float64}, words("1.5"), words("1.5"), false},
		{Slot{Type: telemetry.String}, words("a"), words("a"), true},
		{Slot{Type: telemetry.Int64}, telemetry.Value{}, telemetry.Value{}, true},
	} {
		if out, ok := c.slot.Convert(c.in); ok != c.ok || ok && out != c.out {
			t.Errorf("%+v of %+v: %+v %v, want %+v %v", c.slot, c.in, out, ok, c.out, c.ok)
		}
	}
}

func TestProducersDoNotMeet(t *testing.T) {
	h := newHouse(t, 1, log.Options{})
	other := uuid.New()
	one, _ := h.run(Options{})
	two, _ := h.run(Options{Producer: other})
	a := expect(2)
	var m Message
	m.Add(h.refs[0], begin, begin, number(1), 0)
	for i, in := range []*Intake{one, two} {
		if err := in.Put(context.Background(), &m, a.to(i)); err != nil {
			t.Fatal(err)
		}
	}
	a.wait(t)
	for _, id := range []uuid.UUID{producer, other} {
		if epoch, seq := h.store.LastSeq(id); epoch != 1 || seq != 1 {
			t.Errorf("producer %s stands at %d/%d", id, epoch, seq)
		}
	}
}

// Many devices that send now and then share an append; a sender that waits for each answer is not held up by it for long.
func TestLingerGathersAndDoesNotHoldUpWhoWaits(t *testing.T) {
	h := newHouse(t, 4, log.Options{})
	in, stop := h.run(Options{Linger: 80 * time.Millisecond})
	defer stop()
	var m Message
	var answered sync.WaitGroup
	put := func(i int) {
		m.Reset()
		m.Add(h.refs[0], begin+int64(i), begin, number(float64(i)), 0)
		answered.Add(1)
		if err := in.Put(context.Background(), &m, func(err error) {
			if err != nil {
				t.Error(err)
			}
			answered.Done()
		}); err != nil {
			t.Fatal(err)
		}
	}
	for i := range 30 { // spread over more than a quarter of the time that is waited
		put(i)
		time.Sleep(2 * time.Millisecond)
	}
	answered.Wait()
	if n := in.Stats().Batches; n > 5 {
		t.Errorf("%d appends for 30 messages that came one by one", n)
	}
	before := in.Stats().Batches
	began := time.Now()
	for i := range 200 {
		put(1000 + i)
		answered.Wait()
	}
	if n := in.Stats().Batches - before; n != 200 {
		t.Errorf("%d appends for 200 messages that each waited for its answer", n)
	}
	// waited for at most once in 33 messages: 200 times would be 16 s
	if took := time.Since(began); took > 8*time.Second {
		t.Errorf("%v for 200 messages that each waited for its answer", took)
	}
}
