package workload

import "time"

// Generator makes the batches of one shard of a Spec, in the order in which they arrive. It is not safe for use by
// several goroutines; take a shard for each.
type Generator struct {
	spec    Spec
	devices []ticker // of this shard's groups, all other places are empty
	groups  []int
	at      int // next group of the tick
	tick    int
	held    []*Batch // come late
	due     []int    // tick at which
	free    []*Batch
}

// Generator returns shard 0 <= shard < shards of the stream: the groups of devices whose number has that remainder.
// More shards than groups leave some without rows.
func (s Spec) Generator(shard, shards int) *Generator {
	g := &Generator{spec: s, devices: make([]ticker, s.Devices)}
	for k := shard; k < s.Groups(); k += shards {
		g.groups = append(g.groups, k)
		first, end := g.members(k)
		for d := first; d < end; d++ {
			if s.Recording != nil {
				g.devices[d] = newReplica(&s, d)
			} else {
				g.devices[d] = newDevice(s.Seed, d, s.Typed)
			}
		}
	}
	return g
}

// ticker is a device: it appends its rows of a tick to b, their times moved by shift.
type ticker interface {
	tell(b *Batch, tick int, shift int64)
}

// members are the devices of a group.
func (g *Generator) members(group int) (first, end int) {
	size := g.spec.groupDevices()
	return group * size, min((group+1)*size, g.spec.Devices)
}

const day = 86_400 * int64(1e9)

// Next fills b with the next batch and reports whether there was one. What b held is lost.
func (g *Generator) Next(b *Batch) bool {
	for len(g.groups) > 0 {
		if len(g.held) > 0 && (g.due[0] <= g.tick || g.tick >= g.spec.ticks()) {
			late := g.held[0]
			g.held, g.due = g.held[1:], g.due[1:]
			*b, *late = *late, *b
			g.free = append(g.free, late)
			return true
		}
		if g.tick >= g.spec.ticks() {
			return false
		}
		group, tick := g.groups[g.at], g.tick
		if g.at++; g.at == len(g.groups) {
			g.at = 0
			g.tick++
		}
		var shift int64
		hold := 0
		if g.spec.Late {
			r := mix(g.spec.Seed ^ mix(uint64(group)<<32|uint64(tick)))
			switch r % 1000 {
			case 0:
				shift = -day * int64(1+r>>20%3)
			case 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20:
				hold = 60 + int(r>>20%540)
			}
		}
		if g.spec.Older > 0 {
			shift = g.spec.older(group, tick)
		}
		into := b
		if hold > 0 {
			into = g.fresh()
		}
		into.reset()
		into.Group, into.Tick = group, tick
		first, end := g.members(group)
		for d := first; d < end; d++ {
			g.devices[d].tell(into, tick, shift)
		}
		if hold > 0 {
			g.hold(into, tick+hold)
			continue
		}
		if into.Len() > 0 {
			return true
		}
	}
	return false
}

// older is how far back a batch is dated: 0, or a minute to 30 days, each doubling as likely as any other. Of a hundred
// pieces of backlog just so many are late as Older says. The odd nanoseconds keep the times apart from those of all others.
func (s *Spec) older(group, tick int) int64 {
	piece := uint64(tick/s.Backlog*s.Groups() + group)
	r := mix(s.Seed ^ mix(piece))
	if (piece+mix(s.Seed^piece/100)%100)*37%100 >= uint64(s.Older) {
		return 0
	}
	span := int64(time.Minute) << (r % 16) // up to 22.8 days, and as much again at most
	back := min(span+int64(r>>8%uint64(span/1e9))*1e9, 30*day)
	return -back - int64(tick+1)
}

func (g *Generator) fresh() *Batch {
	if k := len(g.free); k > 0 {
		b := g.free[k-1]
		g.free = g.free[:k-1]
		return b
	}
	return new(Batch)
}

// hold keeps a batch until tick due; the batches stay in the order of their due ticks.
func (g *Generator) hold(b *Batch, due int) {
	at := len(g.due)
	for at > 0 && g.due[at-1] > due {
		at--
	}
	g.held = append(g.held, nil)
	g.due = append(g.due, 0)
	copy(g.held[at+1:], g.held[at:])
	copy(g.due[at+1:], g.due[at:])
	g.held[at], g.due[at] = b, due
}
