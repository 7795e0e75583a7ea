package logtest

import (
	"context"
	"errors"
	"sync"
	"testing"

	"jingwei/internal/kernel/log"
)

func closing(t *testing.T, at Place) {
	j := open(t, at, Options{})
	p := topic(t, j, "a")
	acked := 0
	for range 100 {
		if err := p.Append(t.Context(), []byte("x"), func(_ log.Commit, err error) {
			if err == nil {
				acked++
			}
		}); err != nil {
			t.Fatal(err)
		}
	}
	woken := make(chan error)
	go func() {
		_, err := p.Records(1000).Next(context.Background())
		woken <- err
	}()
	shut(t, j)
	shut(t, j)
	wantError(t, <-woken, log.ErrClosed)
	if acked != 100 || j.Last().Number != 100 {
		t.Errorf("%d acknowledged, last %v", acked, j.Last())
	}
	wantError(t, p.Append(t.Context(), nil, nil), log.ErrClosed)
	_, _, err := p.Records(1).TryNext()
	wantError(t, err, log.ErrClosed)
	wantError(t, j.Verify(t.Context()), log.ErrClosed)
}

func failure(t *testing.T, at Place) {
	var failures []error
	j := open(t, at, Options{OnFailure: func(err error) { failures = append(failures, err) }})
	p := topic(t, j, "a")
	put(t, p, "one")
	waiting := make(chan error)
	go func() {
		_, err := p.Records(2).Next(context.Background())
		waiting <- err
	}()
	cause := at.Break()
	var mu sync.Mutex
	var told []error
	tell := func(err error) { mu.Lock(); told = append(told, err); mu.Unlock() }
	for range 10 { // in one group or several
		err := p.Append(t.Context(), []byte("two"), func(c log.Commit, err error) {
			if c.Number != 0 {
				t.Errorf("number %d after the failure", c.Number)
			}
			tell(err)
		})
		if err != nil {
			tell(err)
		}
	}
	err := <-waiting
	wantError(t, err, log.ErrFailed)
	wantError(t, err, cause)
	_, err = Put(p, "three")
	wantError(t, err, log.ErrFailed)
	r := p.Records(1)
	if rec, ok, err := r.TryNext(); !ok || err != nil || string(rec.Data) != "one" {
		t.Errorf("what was acknowledged before: %q %v %v", rec.Data, ok, err)
	}
	_, _, err = r.TryNext()
	wantError(t, err, log.ErrFailed)
	wantError(t, j.Close(), log.ErrFailed)
	if len(told) != 10 || len(failures) != 1 || !errors.Is(failures[0], cause) {
		t.Errorf("%d were told, OnFailure got %v", len(told), failures)
	}
	for _, err := range told {
		wantError(t, err, log.ErrFailed)
	}
	if j.Last().Number != 1 {
		t.Errorf("last %v", j.Last())
	}
}

func damage(t *testing.T, at Place) {
	o := Options{MaxBytes: 4 << 20}
	j := open(t, at, o)
	p := topic(t, j, "a")
	mustFill(t, j, p, 12)
	shut(t, j)
	at.Damage(7)
	j, err := at.Open(o)
	if err == nil {
		defer j.Close()
		p := topic(t, j, "a")
		r := p.Records(1)
		for n := uint64(1); err == nil; n++ {
			var rec log.Record
			rec, _, err = r.TryNext()
			if err == nil && rec.Number != n || n > 7 {
				t.Fatalf("record %d where %d is due or damaged", rec.Number, n)
			}
		}
		if _, _, again := r.TryNext(); !at.Damaged(again) {
			t.Errorf("the damage went away: %v", again)
		}
		if err := j.Verify(t.Context()); !at.Damaged(err) {
			t.Errorf("Verify: %v", err)
		}
		wantList(t, All(t, p.Records(12)), "12:12 .........")
	}
	if !at.Damaged(err) {
		t.Errorf("damage is told as %v", err)
	}
}
