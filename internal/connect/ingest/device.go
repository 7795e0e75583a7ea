package ingest

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/google/uuid"
	"github.com/uptrace/bun"

	"jingwei/internal/connect/ingest/intake"
	"jingwei/internal/kernel/auth"
	"jingwei/internal/kernel/store"
	"jingwei/internal/kernel/text"
	"jingwei/internal/telemetry"
)

// DeviceState is what is known of a device's presence.
type DeviceState string

// The states. A source without deaths (MQTT JSON, push) knows online and unknown only.
const (
	Online  DeviceState = "online"
	Offline DeviceState = "offline" // it said so, or its broker did
	Unknown DeviceState = "unknown" // not heard since the node started
)

// device is one that a source was heard of. What is not in SQL is kept while the node runs.
type device struct {
	key string

	mu          sync.Mutex
	first, last int64
	saved       int64 // last, as SQL has it; 0: SQL does not know the device
	state       DeviceState
	messages    uint64
	troubles    uint64
	trouble     *Trouble
	metrics     map[string]*metric
	unclaimed   int // metrics that no point takes
	declined    map[string]struct{}
	binding     *binding // as last read from the plant; nil: read it anew
}

// metric is one that a device told, with its newest value where no point takes it.
type metric struct {
	kind    telemetry.Type
	unit    string
	claimed bool
	at      int64
	value   telemetry.Value
}

// binding is where the metrics of a device go.
type binding struct {
	machine uuid.UUID
	grows   bool
	retired bool
	version int64
	points  map[string]bound // by address
	keys    map[string]bool
}

type bound struct {
	slot   intake.Slot
	series uuid.UUID
}

// Trouble is something wrong with what a source sends, as it is shown.
type Trouble struct {
	Code  string    `json:"code"`
	Text  text.Text `json:"text"`
	Where string    `json:"where,omitempty" doc:"Topic, metric or line"`
	Value string    `json:"value,omitempty"`
	Time  time.Time `json:"time"`
}

// cut shortens what a device sent to what a page shows, and frees the message it was part of.
func cut(s string, most int) string {
	if len(s) > most {
		s = strings.ToValidUTF8(s[:most], "") + "…"
	}
	return strings.Clone(s)
}

// device finds a device or takes it in; nil when its key cannot be used or the source has too many.
func (in *inlet) device(key string, now int64) *device {
	in.mu.RLock()
	d := in.devices[key]
	in.mu.RUnlock()
	if d != nil {
		return d
	}
	if why := badDevice(key); why != "" {
		in.note(nil, intake.Trouble{Code: "device", Where: "device", Value: key, Zh: "设备名不可用；请使用 1 到 200 字节、不含控制字符的 UTF-8 名称",
			En: "the device name cannot be used: " + why + "; use 1 to 200 bytes of UTF-8 without control characters"})
		return nil
	}
	in.mu.Lock()
	if d = in.devices[key]; d != nil {
		in.mu.Unlock()
		return d
	}
	if len(in.devices) >= maxDevices {
		in.mu.Unlock()
		in.note(nil, intake.Trouble{Code: "device.many", Where: "device", Value: key, Zh: fmt.Sprintf("接入源已有 %d 个设备，不再接受新设备；请检查主题模板或标签是否把变化的内容当成了设备名", maxDevices),
			En: fmt.Sprintf("the source has %d devices and takes no more; check that the topic template or label does not take something that changes for the device", maxDevices)})
		return nil
	}
	d = &device{key: strings.Clone(key), first: now, last: now, state: Unknown, metrics: map[string]*metric{}}
	in.devices[d.key] = d
	in.dirty[d] = struct{}{}
	in.mu.Unlock()
	in.touch()
	return d
}

// bindingOf returns where a device's metrics go now; nil when it feeds no machine.
func (in *inlet) bindingOf(ctx context.Context, d *device) (*binding, error) {
	in.mu.RLock()
	feed, fed := in.feeds[d.key]
	org := in.src.Org
	in.mu.RUnlock()
	d.mu.Lock()
	b := d.binding
	d.mu.Unlock()
	if !fed {
		return nil, nil
	}
	if b != nil && b.machine == feed.Machine {
		return b, nil
	}
	b = &binding{machine: feed.Machine, grows: feed.Grows, points: map[string]bound{}, keys: map[string]bool{}}
	version, points, err := in.s.o.Plant.Machine(ctx, auth.System(org), feed.Machine)
	switch {
	case errors.Is(err, store.ErrNotFound):
		b.retired = true
	case err != nil:
		return nil, fmt.Errorf("read the points of machine %s: %w", feed.Machine, err)
	}
	b.version = version
	for _, p := range points {
		b.keys[p.Key] = true
		if _, taken := b.points[p.Address]; taken {
			continue // the first in the machine's order has it
		}
		ref, ok := in.s.o.Telemetry.Lookup(p.Series)
		if !ok {
			return nil, fmt.Errorf("point %s of machine %s has no series yet", p.Key, feed.Machine)
		}
		b.points[p.Address] = bound{slot: intake.Slot{Ref: ref, Type: p.Type, Scale: p.Scale, Offset: p.Offset}, series: p.Series}
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	d.setBinding(b)
	return b, nil
}

// setBinding takes a binding over, or nil, and counts the metrics without a point anew; d.mu is held.
func (d *device) setBinding(b *binding) {
	d.binding, d.unclaimed, d.declined = b, 0, nil
	for name, m := range d.metrics {
		if m.claimed = b.takes(name); !m.claimed {
			d.unclaimed++
		}
	}
}

// unbind has a device's binding read anew.
func (d *device) unbind() {
	d.mu.Lock()
	d.setBinding(nil)
	d.mu.Unlock()
}

func (b *binding) takes(metric string) bool {
	if b == nil {
		return false
	}
	_, ok := b.points[metric]
	return ok
}

// told keeps what a device calls a metric, for its page; nil when there are too many. d.mu is held.
func (d *device) told(in *inlet, name string, t telemetry.Type, unit string) *metric {
	m := d.metrics[name]
	if m == nil {
		if len(d.metrics) >= maxMetrics || in.seen.Load() >= maxSeen {
			return nil
		}
		in.seen.Add(1)
		m = &metric{claimed: d.binding.takes(name)}
		if !m.claimed {
			d.unclaimed++
		}
		d.metrics[strings.Clone(name)] = m
	}
	if t != 0 {
		m.kind = t
	}
	if unit != m.unit {
		m.unit = cut(unit, 64)
	}
	return m
}

// saveDevices writes what has changed of devices: new ones at once, the time last heard when it has moved by a minute.
func (in *inlet) saveDevices(ctx context.Context, all bool) error {
	in.mu.Lock()
	org, id := in.src.Org, in.src.ID
	var rows []deviceRow
	var saved []*device
	for d := range in.dirty {
		d.mu.Lock()
		if all && d.last != d.saved || d.saved == 0 || d.last-d.saved >= minute {
			rows = append(rows, deviceRow{Source: id, Device: d.key, Org: org, First: d.first, Last: d.last})
			saved = append(saved, d)
			delete(in.dirty, d)
		}
		d.mu.Unlock()
		if len(rows) == 500 {
			break
		}
	}
	in.mu.Unlock()
	if len(rows) == 0 {
		return nil
	}
	err := in.s.o.DB.InTx(ctx, func(ctx context.Context, tx bun.Tx) error {
		_, err := tx.NewInsert().Model(&rows).On("CONFLICT (source, device) DO UPDATE").Set("last = EXCLUDED.last").Exec(ctx)
		return err
	})
	if err != nil {
		in.mu.Lock()
		for _, d := range saved {
			in.dirty[d] = struct{}{}
		}
		in.mu.Unlock()
		return fmt.Errorf("keep the devices of source %s: %w", id, err)
	}
	for i, d := range saved {
		d.mu.Lock()
		d.saved = max(rows[i].Last, 1)
		d.mu.Unlock()
	}
	return nil
}
