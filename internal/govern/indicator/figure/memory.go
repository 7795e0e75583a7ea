package figure

import (
	"context"
	"sort"
	"sync"

	"github.com/google/uuid"
)

// memory keeps a few values that are costly to read.
type memory[K comparable, V any] struct {
	mu     sync.Mutex
	values map[K]V
	order  []K
	most   int // remembered where nothing is said
}

func (m *memory[K, V]) forget() {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.values, m.order = nil, nil
}

// remembered is how many: a population of a province has some ten megabytes, its roll less than one.
const (
	remembered = 8
	rolls      = 64
)

// get reads what is not remembered. Who asks for the same meanwhile waits.
func (m *memory[K, V]) get(key K, read func() (V, error)) (V, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if v, ok := m.values[key]; ok {
		return v, nil
	}
	v, err := read()
	if err != nil {
		return v, err
	}
	if m.values == nil {
		m.values = map[K]V{}
	}
	if len(m.order) >= max(m.most, remembered) {
		delete(m.values, m.order[0])
		m.order = m.order[1:]
	}
	m.values[key] = v
	m.order = append(m.order, key)
	return v, nil
}

func (c *Composer) population(ctx context.Context, hash Hash) (*Population, error) {
	return c.populations.get(hash, func() (*Population, error) { return c.o.Store.Population(ctx, c.o.Store.db, hash) })
}

// roll is who belongs to a population, and nothing else of them: their codes in order, one behind the other.
type roll struct {
	codes string
	ends  []uint32
}

func (r *roll) code(i int) string {
	from := uint32(0)
	if i > 0 {
		from = r.ends[i-1]
	}
	return r.codes[from:r.ends[i]]
}

// holds tells whether an enterprise belongs to it.
func (r *roll) holds(code string) bool {
	i := sort.Search(len(r.ends), func(i int) bool { return r.code(i) >= code })
	return i < len(r.ends) && r.code(i) == code
}

// rollOf reads who belongs to a population out of its canonical bytes. Error: ErrBytes.
func rollOf(b []byte) (*roll, error) {
	r := &unwire{b: b}
	r.version(populationFormat, "a population")
	r.id("its keeper")
	for _, most := range []int{maxWord, maxFilter, maxWord} {
		r.bytes(most, "its scope, filter and day")
	}
	r.count(maxMembers, "doubles")
	r.count(maxMembers, "unplaced enterprises")
	n := r.count(maxMembers, "members")
	out := &roll{ends: make([]uint32, 0, min(n, len(r.b)/40+1))}
	var codes []byte
	for range n {
		codes = append(codes, r.bytes(maxCode, "a code")...)
		r.bytes(maxName, "a name")
		r.take(2*len(uuid.UUID{}), "an entry and an organisation")
		for _, most := range []int{maxWord, maxWord, maxWord, maxName} {
			r.bytes(most, "an industry, a division, a size and a cluster")
		}
		r.byte("designated")
		for range r.count(maxTags, "tags") {
			r.bytes(maxWord, "a tag")
		}
		if r.err != nil {
			return nil, r.err
		}
		out.ends = append(out.ends, uint32(len(codes)))
	}
	out.codes = string(codes)
	return out, r.end("a population")
}

func (c *Composer) roll(ctx context.Context, hash Hash) (*roll, error) {
	return c.rolls.get(hash, func() (*roll, error) {
		b, err := c.o.Store.populationBytes(ctx, c.o.Store.db, hash)
		if err != nil {
			return nil, err
		}
		return rollOf(b)
	})
}
