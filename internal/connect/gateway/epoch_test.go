package gateway

import "testing"

func TestResumeContinuesOrBeginsANewEpoch(t *testing.T) {
	own := place{Epoch: 100, First: 1, Acked: 50}
	for _, c := range []struct {
		name       string
		p          place
		held, last uint64
		farE, farS uint64
		epoch      uint64
		first      uint64
		next       uint64
		why        resumption
	}{
		{"fresh spool, fresh node", place{Epoch: 100, First: 1}, 1, 0, 0, 0, 100, 1, 1, resumeSame},
		{"spooled before the first contact", place{Epoch: 100, First: 1}, 1, 70, 0, 0, 100, 1, 1, resumeSame},
		{"node holds what we know", own, 40, 80, 100, 50, 100, 1, 51, resumeSame},
		{"node holds more than was acknowledged", own, 40, 80, 100, 60, 100, 1, 61, resumeSame},
		{"node holds all", own, 40, 80, 100, 80, 100, 1, 81, resumeSame},
		{"node holds less, spool still has it", own, 40, 80, 100, 45, 100, 1, 46, resumeSame},
		{"node holds less than the spool has", own, 40, 80, 100, 30, 101, 40, 40, resumeHole},
		{"spool restored from a copy", own, 40, 80, 100, 90, 101, 51, 51, resumeRolled},
		{"another spool of this identity", own, 40, 80, 140, 7, 141, 51, 51, resumeOther},
		{"another spool, all ours acknowledged", place{Epoch: 100, First: 1, Acked: 80}, 40, 80, 140, 7, 141, 81, 81, resumeOther},
		{"node restored to before our epoch", own, 40, 80, 90, 12, 101, 40, 40, resumeHole},
		{"node restored to before our epoch, spool whole", own, 1, 80, 90, 12, 100, 1, 1, resumeHole},
		{"new spool after an older epoch", place{Epoch: 100, First: 1}, 1, 5, 90, 12, 100, 1, 1, resumeSame},
		{"later epoch, numbers shifted", place{Epoch: 101, First: 40, Acked: 60}, 40, 80, 101, 25, 101, 40, 65, resumeSame},
	} {
		p, next, why := c.p.resume(c.held, c.last, c.farE, c.farS)
		if p.Epoch != c.epoch || p.First != c.first || next != c.next || why != c.why {
			t.Errorf("%s: epoch %d first %d next %d %s, want %d %d %d %s", c.name, p.Epoch, p.First, next, why, c.epoch, c.first, c.next, c.why)
		}
		if p.Acked != next-1 {
			t.Errorf("%s: acknowledged %d, next %d", c.name, p.Acked, next)
		}
	}
}
