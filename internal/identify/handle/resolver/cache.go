package resolver

import (
	"container/list"
	"encoding/binary"
	"sync"
	"time"

	"jingwei/internal/identify/handle"
)

// cache keeps answers until their time is over; beyond its entries and bytes the one unused longest makes room.
type cache struct {
	mu      sync.Mutex
	entries int
	bytes   int
	held    int
	byKey   map[string]*list.Element
	order   *list.List // of *entry, the last used first
}

// entry is an answer: values, a refusal, or the sites of a prefix.
type entry struct {
	key     string
	until   time.Time
	size    int
	name    handle.Name
	values  []handle.Value
	signed  map[uint32]bool
	refusal *handle.Refusal
	sites   []handle.Site
}

func (e *entry) err() error {
	if e.refusal != nil {
		return e.refusal
	}
	return nil
}

func newCache(entries, bytes int) *cache {
	return &cache{entries: entries, bytes: bytes, byKey: map[string]*list.Element{}, order: list.New()}
}

// questionKey is what a question's answer is kept under; prefixKey what the sites of a prefix are.
func questionKey(q handle.Question) string {
	b := handle.Fold([]byte{'q'}, []byte(q.Name))
	b = append(b, 0)
	for _, i := range q.Indexes {
		b = binary.BigEndian.AppendUint32(b, i)
	}
	for _, t := range q.Types {
		b = append(append(b, 0), t...)
	}
	return string(b)
}

func prefixKey(prefix string) string { return string(handle.Fold([]byte{'p'}, []byte(prefix))) }

func (c *cache) get(key string, now time.Time) (*entry, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	el, ok := c.byKey[key]
	if !ok {
		return nil, false
	}
	e := el.Value.(*entry)
	if !now.Before(e.until) {
		c.drop(el)
		return nil, false
	}
	c.order.MoveToFront(el)
	return e, true
}

func (c *cache) put(key string, e *entry, until time.Time) {
	e.key, e.until, e.size = key, until, 256+len(key)+handle.RecordSize(e.name, e.values)+1024*len(e.sites)
	c.mu.Lock()
	defer c.mu.Unlock()
	if el, ok := c.byKey[key]; ok {
		c.drop(el)
	}
	if e.size > c.bytes {
		return
	}
	c.byKey[key] = c.order.PushFront(e)
	c.held += e.size
	for len(c.byKey) > c.entries || c.held > c.bytes {
		c.drop(c.order.Back())
	}
}

func (c *cache) drop(el *list.Element) {
	e := c.order.Remove(el).(*entry)
	delete(c.byKey, e.key)
	c.held -= e.size
}

func (c *cache) clear() {
	c.mu.Lock()
	defer c.mu.Unlock()
	clear(c.byKey)
	c.order.Init()
	c.held = 0
}
