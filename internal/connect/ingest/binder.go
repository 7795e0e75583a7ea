package ingest

import (
	"context"
	"fmt"
	"time"

	"jingwei/internal/connect/ingest/intake"
	"jingwei/internal/kernel/text"
	"jingwei/internal/telemetry"
)

// An inlet is the intake.Binder of its source.
var _ intake.Binder = (*inlet)(nil)

// Generation implements intake.Binder.
func (in *inlet) Generation() uint64 { return in.generation.Load() }

// Bind implements intake.Binder: a device's metrics go to the points of the machine that it feeds whose addresses are
// their names. Where the source adopts, points and machines that are missing are made.
func (in *inlet) Bind(ctx context.Context, key string, metrics []intake.Metric) ([]intake.Slot, error) {
	slots := make([]intake.Slot, len(metrics))
	d := in.device(key, in.s.now())
	if d == nil {
		return slots, nil
	}
	if len(metrics) > maxMetrics {
		in.note(d, intake.Trouble{Code: "metric.many", Where: key, Value: fmt.Sprint(len(metrics)), Zh: fmt.Sprintf("一个设备最多 %d 个指标，其余不采集", maxMetrics),
			En: fmt.Sprintf("a device has at most %d metrics; the rest is left out", maxMetrics)})
		metrics = metrics[:maxMetrics]
	}
	b, err := in.bindingOf(ctx, d)
	if err != nil {
		return nil, err
	}
	if in.adopts() && in.lacks(d, b, metrics) {
		if b, err = in.adopt(ctx, d, metrics); err != nil {
			return nil, err
		}
	}
	d.mu.Lock()
	full, bad := false, -1
	for i := range metrics {
		m := &metrics[i]
		if d.metrics[m.Name] == nil && unsuitable(m.Name) != "" {
			bad = i
		}
		if d.told(in, m.Name, m.Type, m.Unit) == nil {
			full = true
		}
		if b != nil {
			slots[i] = b.points[m.Name].slot
		}
	}
	d.mu.Unlock()
	if bad >= 0 {
		in.note(d, intake.Trouble{Code: "metric.name", Where: key, Value: metrics[bad].Name, Zh: "指标名不能作为测点地址；请使用 1 到 200 个字符的 UTF-8 名称",
			En: "the metric's name cannot be the address of a point: " + unsuitable(metrics[bad].Name)})
	}
	if full {
		in.note(d, intake.Trouble{Code: "metric.many", Where: key, Zh: fmt.Sprintf("指标过多：每个设备最多 %d 个，每个接入源最多 %d 个，其余不再列出", maxMetrics, maxSeen),
			En: fmt.Sprintf("too many metrics: at most %d of a device and %d of a source are listed", maxMetrics, maxSeen)})
	}
	return slots, nil
}

// lacks tells whether some of the metrics have no point and might get one.
func (in *inlet) lacks(d *device, b *binding, metrics []intake.Metric) bool {
	if b != nil && (!b.grows || b.retired) { // set up by a person, or taken away by one
		return false
	}
	if b == nil {
		in.mu.RLock()
		settled := in.settled[d.key]
		in.mu.RUnlock()
		if settled { // a person has ended its feed
			return false
		}
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	for i := range metrics {
		m := &metrics[i]
		if _, no := d.declined[m.Name]; !no && m.Type.Valid() && !b.takes(m.Name) && unsuitable(m.Name) == "" {
			return true
		}
	}
	return false
}

// Saw implements intake.Binder.
func (in *inlet) Saw(key string, m intake.Metric, at int64, v telemetry.Value) {
	d := in.device(key, in.s.now())
	if d == nil {
		return
	}
	in.unclaimed.Add(1)
	d.mu.Lock()
	defer d.mu.Unlock()
	t := m.Type
	if v.Type != 0 {
		t = v.Type
	}
	known := d.told(in, m.Name, t, m.Unit)
	if known == nil || at < known.at {
		return
	}
	if v.Type == telemetry.String {
		v.Text = cut(v.Text, 200)
	}
	known.at, known.value = at, v
}

// Alive implements intake.Binder.
func (in *inlet) Alive(key string, alive bool, at int64) {
	now := in.s.now()
	d := in.device(key, now)
	if d == nil {
		return
	}
	state := Offline
	d.mu.Lock()
	if alive {
		state = Online
		d.messages++
		d.last = max(d.last, min(at, now))
	}
	changed := d.state != state
	d.state = state
	stale := d.last-d.saved >= minute
	d.mu.Unlock()
	if stale {
		in.mu.Lock()
		in.dirty[d] = struct{}{}
		in.mu.Unlock()
	}
	if changed {
		in.touch()
	}
}

// Trouble implements intake.Binder.
func (in *inlet) Trouble(key string, t intake.Trouble) {
	var d *device
	if key != "" && badDevice(key) == "" {
		d = in.device(key, in.s.now())
	}
	in.note(d, t)
}

// note counts a trouble for the source, and for a device where it is known.
func (in *inlet) note(d *device, t intake.Trouble) {
	shown := &Trouble{Code: cut(t.Code, 60), Text: text.Text{Zh: cut(t.Zh, 500), En: cut(t.En, 500)}, Where: cut(t.Where, 200), Value: cut(t.Value, 100),
		Time: time.Unix(0, in.s.now()).UTC()}
	if d != nil {
		d.mu.Lock()
		d.troubles++
		d.trouble = shown
		d.mu.Unlock()
	}
	in.mu.Lock()
	in.troubles++
	in.trouble = shown
	in.mu.Unlock()
	in.s.metrics.troubles.Add(1)
}

// one is the binder of a credential that may speak for one device only. What it tells of others is refused as a whole.
type one struct {
	*inlet
	device string
}

func (o one) Bind(ctx context.Context, key string, metrics []intake.Metric) ([]intake.Slot, error) {
	if key != o.device {
		t := intake.Trouble{Code: "device.forbidden", Where: "device", Value: key, Zh: fmt.Sprintf("该凭据只能为设备 %s 发送数据", o.device),
			En: fmt.Sprintf("this credential may send for the device %s only", o.device)}
		o.note(nil, t)
		return nil, &t
	}
	return o.inlet.Bind(ctx, key, metrics)
}

func (o one) Saw(key string, m intake.Metric, at int64, v telemetry.Value) {
	if key == o.device {
		o.inlet.Saw(key, m, at, v)
	}
}

func (o one) Alive(key string, alive bool, at int64) {
	if key == o.device {
		o.inlet.Alive(key, alive, at)
	}
}

func (o one) Trouble(key string, t intake.Trouble) {
	if key == o.device {
		o.inlet.Trouble(key, t)
	} else {
		o.note(nil, t)
	}
}
