package push

import (
	"container/list"
	"sync"

	"jingwei/internal/connect/ingest/intake"
	"jingwei/internal/connect/ingest/push/rows"
)

// series is what a name of a sender leads to. It does not change once it can be seen by others.
type series struct {
	name   string // within its group, as the format writes it
	metric string
	slot   intake.Slot
	fault  *rows.Fault // the name cannot be used: why
}

// group is what several series of a sender have in common. The door's lock guards order and byName.
type group struct {
	device string
	fault  *rows.Fault
	order  []*series // as first seen, which is mostly the order in which they come again
	byName map[string]*series
}

// find looks a name up. guess is where it may stand in the order.
func (g *group) find(name []byte, guess int) (*series, int) {
	if guess < len(g.order) && g.order[guess].name == string(name) {
		return g.order[guess], guess + 1
	}
	if s := g.byName[string(name)]; s != nil {
		return s, guess + 1
	}
	return nil, guess + 1
}

// doorKey tells doors apart: slots depend on who binds, on how names are made and on the device that is meant where none
// is told.
type doorKey struct {
	binder intake.Binder
	config string
	device string
	format string
}

// memory is what a door remembers of its senders' series in one format: what was used lately in young, what was before in old.
type memory struct {
	mu         sync.Mutex
	plan       *plan
	generation uint64
	young, old map[string]*group // by key

	// Under cache.mu.
	key   doorKey
	bytes int
	at    *list.Element
}

// cache keeps the memories of all doors within a bound. What it forgets is bound again.
type cache struct {
	mu    sync.Mutex
	most  int
	bytes int
	doors map[doorKey]*memory
	used  list.List // of *memory, the last used in front
}

func newCache(most int) *cache { return &cache{most: most, doors: map[doorKey]*memory{}} }

// Bytes that things in memory take, about.
const (
	doorBytes   = 1 << 10
	groupBytes  = 300
	seriesBytes = 200
	// maxNames of one group; then what is known of it is forgotten.
	maxNames = 2 * rows.MaxRows
)

func (c *cache) door(d *Door, f *format) *memory {
	key := doorKey{d.Binder, keyOf(&d.Config), d.Device, f.name}
	c.mu.Lock()
	defer c.mu.Unlock()
	m := c.doors[key]
	if m == nil {
		m = &memory{key: key, plan: newPlan(d.Config), young: map[string]*group{}}
		m.at = c.used.PushFront(m)
		c.doors[key] = m
		c.add(m, doorBytes)
	}
	c.used.MoveToFront(m.at)
	return m
}

// grew counts what m has taken more. Where that is too much, the door that was not used for the longest time is forgotten;
// m itself forgets what it has not used lately.
func (c *cache) grew(m *memory, bytes int) {
	if bytes == 0 {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.doors[m.key] == m {
		c.add(m, bytes)
	}
}

func (c *cache) add(m *memory, bytes int) {
	m.bytes += bytes
	c.bytes += bytes
	for c.bytes > c.most {
		last := c.used.Back().Value.(*memory)
		if last == m {
			break
		}
		c.used.Remove(last.at)
		delete(c.doors, last.key)
		c.bytes -= last.bytes
	}
}

// crowded says that a memory alone holds more than half of what all may.
func (c *cache) crowded(m *memory) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return m.bytes > c.most/2
}

// turn forgets what was not used since the last turn. m.mu is held.
func (c *cache) turn(m *memory) {
	m.old, m.young = m.young, map[string]*group{}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.doors[m.key] == m {
		c.bytes -= m.bytes
		m.bytes = doorBytes // groups count again when they are used again
		c.bytes += m.bytes
	}
}

// fresh forgets everything where slots may have changed. m.mu is held.
func (m *memory) fresh(c *cache, generation uint64) {
	if m.generation == generation {
		return
	}
	m.generation = generation
	c.turn(m)
	m.old = nil
}

// group finds what is known of a key, and what it costs to have it among the young again. m.mu is held.
func (m *memory) group(key []byte) (g *group, cost int) {
	if g = m.young[string(key)]; g != nil {
		return g, 0
	}
	if g = m.old[string(key)]; g == nil {
		return nil, 0
	}
	m.young[string(key)] = g
	delete(m.old, string(key))
	return g, groupBytes + len(key) + len(g.order)*seriesBytes
}
