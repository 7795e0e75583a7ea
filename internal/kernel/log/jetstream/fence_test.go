package jetstream

import (
	"context"
	"testing"
	"time"

	"jingwei/internal/kernel/log"
	"jingwei/internal/kernel/log/jetstream/natstest"
	"jingwei/internal/kernel/log/logtest"
)

// TestDeposedOwnerIsFenced: under load a second owner opens the journal. From then on nothing of the first is stored, and he
// is told; what was acknowledged to him is there, before all that is the second's.
func TestDeposedOwnerIsFenced(t *testing.T) {
	t.Parallel()
	for _, servers := range []int{1, 3} {
		c := natstest.Shared(t, servers)
		o := fresh(t, c, servers)
		failed := make(chan error, 1)
		o.OnFailure = func(err error) { failed <- err }
		a := open(t, o)
		first := startLoad(t, topic(t, a, "p"), "a", 8)
		first.goOn(t, 200)
		o.Conn, o.OnFailure = c.Connect(t), nil
		b := open(t, o)
		second := startLoad(t, topic(t, b, "p"), "b", 4)
		second.goOn(t, 200)
		wantError(t, <-failed, log.ErrFenced)
		first.end()
		wantError(t, first.err, log.ErrFenced)
		wantError(t, first.err, log.ErrFailed)
		_, err := logtest.Put(topic(t, a, "p"), "more")
		wantError(t, err, log.ErrFenced)
		cur, err := a.Place("alarm")
		if err != nil {
			t.Fatal(err)
		}
		cur.Save(7)
		wantError(t, cur.Flush(), log.ErrFenced)
		second.end()
		wantError(t, a.Close(), log.ErrFenced)
		if err := b.Close(); err != nil {
			t.Fatal(err)
		}
		b = open(t, o)
		verify(t, b, "p", first, second)
		for id, x := range first.acked {
			for other, y := range second.acked {
				if x.Number >= y.Number || x.Time >= y.Time {
					t.Fatalf("%s of the first owner is %v, %s of the second is %v", id, x, other, y)
				}
			}
			break
		}
		if b.Epoch() != a.Epoch()+2 {
			t.Errorf("epochs %d and %d", a.Epoch(), b.Epoch())
		}
	}
}

// TestEpochOfALeaseIsHeld: who comes with an older lease than the owner's may not even open the journal.
func TestEpochOfALeaseIsHeld(t *testing.T) {
	t.Parallel()
	o := fresh(t, natstest.Shared(t, 1), 1)
	o.Epoch = 7
	l := open(t, o)
	mustPut(t, topic(t, l, "a"), "x")
	older := o
	older.Epoch = 6
	_, err := Open(t.Context(), older)
	wantError(t, err, log.ErrFenced)
	mustPut(t, topic(t, l, "a"), "y") // and has not harmed the owner
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	l = open(t, o) // the same lease may open it again
	if c := mustPut(t, topic(t, l, "a"), "z"); c.Number != 3 || l.Epoch() != 7 {
		t.Errorf("%v in epoch %d", c, l.Epoch())
	}
}

// TestOwnerThatSleptIsFenced: the owner's network stands still for so long that another takes over. What the owner had
// under way is not stored when it goes on, and he told no time as closed that the new owner used.
func TestOwnerThatSleptIsFenced(t *testing.T) {
	t.Parallel()
	c := natstest.Shared(t, 3)
	o := fresh(t, c, 3)
	g := newGate()
	defer g.pass()
	o.Conn, o.AckWait = c.Connect(t, through(g)...), time.Second
	a := open(t, o)
	p := topic(t, a, "p")
	mustPut(t, p, "a0/0 ")
	reader := p.Records(1)
	if _, err := reader.Next(t.Context()); err != nil {
		t.Fatal(err)
	}
	a.Closed()
	g.shut()
	told := make(chan error, 20)
	for range 20 {
		if err := p.Append(t.Context(), []byte("lost"), func(_ log.Commit, err error) { told <- err }); err != nil {
			t.Fatal(err)
		}
	}
	other := o
	other.Conn = c.Connect(t)
	b := open(t, other)
	d := mustPut(t, topic(t, b, "p"), "b0/0 ")
	if d.Number != 2 {
		t.Errorf("the new owner's record has number %d", d.Number)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	_, err := reader.Next(ctx)
	wantError(t, err, context.DeadlineExceeded)
	if closed := a.Closed(); closed >= d.Time {
		t.Errorf("the owner that sleeps tells %d as closed, the new one dates %d", closed, d.Time)
	}
	g.pass()
	for range 20 {
		wantError(t, <-told, log.ErrFenced)
	}
	if closed := a.Closed(); closed >= d.Time {
		t.Errorf("the deposed owner tells %d as closed, the new one dates %d", closed, d.Time)
	}
	verify(t, b, "p")
}

// TestIdleOwnerPromisesNoMoreThanTheNextOneKeeps: an owner that has nothing under way tells the present as closed. The next
// one dates behind that, even if his clock is slow.
func TestIdleOwnerPromisesNoMoreThanTheNextOneKeeps(t *testing.T) {
	t.Parallel()
	c := natstest.Shared(t, 1)
	o := fresh(t, c, 1)
	a := open(t, o)
	mustPut(t, topic(t, a, "p"), "x")
	closed := a.Closed()
	o.Conn = c.Connect(t)
	o.Now = func() time.Time { return time.Now().Add(-time.Hour) }
	b := open(t, o)
	d := mustPut(t, topic(t, b, "p"), "y")
	if closed = max(closed, a.Closed()); d.Time <= closed {
		t.Errorf("dated %d, and the first owner told %d as closed", d.Time, closed)
	}
	// A farewell takes the promise back.
	if err := b.Close(); err != nil {
		t.Fatal(err)
	}
	b = open(t, o)
	if e := mustPut(t, topic(t, b, "p"), "z"); e.Time > d.Time+1000 {
		t.Errorf("dated %d ns ahead after an orderly handover", e.Time-d.Time)
	}
}

// TestLostAnswersAreFoundOut: connections end while groups are under way, so that nobody is told what became of them. Each
// record is stored once nevertheless, and in order.
func TestLostAnswersAreFoundOut(t *testing.T) {
	t.Parallel()
	for _, servers := range []int{1, 3} {
		c := natstest.Shared(t, servers)
		o := fresh(t, c, servers)
		g := newGate()
		o.Conn, o.AckWait = c.Connect(t, through(g)...), 500*time.Millisecond
		l := open(t, o)
		w := startLoad(t, topic(t, l, "p"), "a", 8)
		for range 8 {
			w.goOn(t, 60)
			g.cut()
		}
		w.goOn(t, 200)
		w.end()
		if err := l.Close(); err != nil {
			t.Fatal(err)
		}
		if s := l.Stats(); s.Recoveries == 0 {
			t.Errorf("no answer was lost: %+v", s)
		}
		verify(t, open(t, o), "p", w)
	}
}

// TestReaderGoesOnAfterItsConnectionWasLost reads what is no longer in memory.
func TestReaderGoesOnAfterItsConnectionWasLost(t *testing.T) {
	t.Parallel()
	c := natstest.Shared(t, 1)
	o := fresh(t, c, 1)
	g := newGate()
	o.Conn, o.CacheBytes, o.MaxGroupBytes = c.Connect(t, through(g)...), 1, 20_000
	l := open(t, o)
	p := topic(t, l, "p")
	for range 200 {
		if err := p.Append(t.Context(), make([]byte, 10_000), nil); err != nil {
			t.Fatal(err)
		}
	}
	mustPut(t, p, "end")
	r := p.Records(1)
	for n := uint64(1); n <= 201; n++ {
		if n%40 == 0 {
			g.cut()
		}
		rec, err := r.Next(t.Context())
		if err != nil || rec.Number != n {
			t.Fatal(rec.Number, n, err)
		}
	}
	if l.Stats().FetchedBytes < 2_000_000 {
		t.Errorf("%+v", l.Stats())
	}
}
