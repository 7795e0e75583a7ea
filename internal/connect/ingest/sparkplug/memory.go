package sparkplug

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"
)

// Memory keeps what births declared, so that a restarted host understands aliases without asking.
type Memory interface {
	// Load returns what was saved, in any order.
	Load(ctx context.Context) ([]NodeState, error)
	// Save puts the state of one edge node in the place of an earlier one, durably. Calls for one node never overlap.
	Save(ctx context.Context, s NodeState) error
}

// NodeState is what is kept of an edge node.
type NodeState struct {
	Node   string       `json:"node"` // "group/node"
	BdSeq  uint64       `json:"bdSeq"`
	BornAt uint64       `json:"bornAt"` // payload time of its birth, ms
	Dead   bool         `json:"dead"`
	Scopes []ScopeState `json:"scopes"`
}

// ScopeState is what is kept of a node's own metrics, or of a device's.
type ScopeState struct {
	Device   string        `json:"device"` // "" for the node's own
	Trusted  bool          `json:"trusted"`
	Marked   bool          `json:"marked"`
	MarkedAt int64         `json:"markedAt"` // ns
	Metrics  []MetricState `json:"metrics"`
}

// MetricState is what a birth declared of a metric.
type MetricState struct {
	Name     string   `json:"name"`
	Alias    *uint64  `json:"alias,omitempty,string"`
	Datatype Datatype `json:"type"`
	Unit     string   `json:"unit,omitempty"`
}

// unsaved marks a node for the next save.
func (n *node) unsaved(now int64) {
	if n.h.o.Memory == nil {
		return
	}
	if !n.dirty {
		n.dirty, n.dirtyAt = true, now
	}
	n.h.time(n)
}

// saveAfter gathers the births of a node's devices, which follow each other.
const saveAfter = 500 * time.Millisecond

// save saves what has changed; all: at once.
func (h *Host) save(ctx context.Context, all bool) {
	if h.o.Memory == nil {
		return
	}
	now := h.o.Now().UnixNano()
	h.timersMu.Lock()
	var due []*node
	for n := range h.timers {
		due = append(due, n)
	}
	h.timersMu.Unlock()
	for _, n := range due {
		n.mu.Lock()
		if n.dirty && (all || now-n.dirtyAt >= int64(saveAfter)) {
			if err := n.save(ctx); err != nil {
				n.dirtyAt = now + int64(10*time.Second)
				h.o.Logger.Warn("save the births of an edge node; it is tried again", "node", n.own.key, "err", err)
			}
		}
		n.mu.Unlock()
	}
}

func (n *node) save(ctx context.Context) error {
	if n.h.o.Memory == nil {
		return nil
	}
	if err := n.h.o.Memory.Save(ctx, n.state()); err != nil {
		return fmt.Errorf("save the births of %s: %w", n.own.key, err)
	}
	n.dirty = false
	n.scopes(func(s *scope) { s.saved = s.declared })
	return nil
}

func (n *node) state() NodeState {
	s := NodeState{Node: n.key(), BdSeq: n.bdSeq, BornAt: n.bornAt, Dead: n.session == dead}
	n.scopes(func(sc *scope) {
		if !sc.declared {
			return
		}
		one := ScopeState{Device: sc.device, Trusted: sc.trusted, Marked: sc.marked, MarkedAt: sc.markedAt}
		for i := range sc.table.defs[:sc.table.declared] {
			d := &sc.table.defs[i]
			m := MetricState{Name: d.name, Datatype: d.datatype, Unit: d.unit}
			if d.hasAlias {
				alias := d.alias
				m.Alias = &alias
			}
			one.Metrics = append(one.Metrics, m)
		}
		s.Scopes = append(s.Scopes, one)
	})
	slices.SortFunc(s.Scopes, func(a, b ScopeState) int { return strings.Compare(a.Device, b.Device) })
	return s
}

// recall makes the nodes of what was saved.
func (h *Host) recall(ctx context.Context) error {
	if h.o.Memory == nil {
		return nil
	}
	states, err := h.o.Memory.Load(ctx)
	if err != nil {
		return fmt.Errorf("read the births of edge nodes: %w", err)
	}
	for i := range states {
		s := &states[i]
		group, name, ok := strings.Cut(s.Node, "/")
		if !ok || len(h.nodes) >= h.o.MaxNodes || h.nodes[s.Node] != nil {
			continue
		}
		n := h.newNode(group, name)
		// Its number is not that of a session that this host has seen: another one may have begun meanwhile, and the next
		// death, whatever its number, is that one's.
		n.session, n.bdSeq, n.bornAt = born, s.BdSeq, s.BornAt
		if s.Dead {
			n.session = dead
		}
		for _, one := range s.Scopes {
			sc := n.own
			if one.Device != "" {
				sc = n.device(one.Device)
			}
			if sc == nil {
				continue
			}
			sc.table = one.table()
			sc.declared, sc.saved = true, true
			sc.trusted, sc.marked, sc.markedAt = one.Trusted, one.Marked, one.MarkedAt
		}
	}
	return nil
}

func (s *ScopeState) table() *table {
	t := &table{byName: make(map[string]int32, len(s.Metrics))}
	for _, m := range s.Metrics {
		if t.byName[m.Name] != 0 || len(t.defs) > 0 && t.defs[0].name == m.Name || len(t.defs) >= maxMetrics {
			continue
		}
		d := def{name: m.Name, unit: m.Unit, datatype: m.Datatype, typ: m.Datatype.Telemetry()}
		if m.Alias != nil {
			d.alias, d.hasAlias = *m.Alias, true
		}
		t.add(d)
	}
	t.declared = len(t.defs)
	t.index()
	return t
}
