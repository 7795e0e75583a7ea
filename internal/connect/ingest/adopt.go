package ingest

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/google/uuid"

	"jingwei/internal/connect/ingest/intake"
	"jingwei/internal/kernel/api/problem"
	"jingwei/internal/kernel/auth"
	"jingwei/internal/kernel/text"
	"jingwei/internal/plant/template"
	"jingwei/internal/telemetry"
)

func (in *inlet) adopts() bool {
	in.mu.RLock()
	defer in.mu.RUnlock()
	return in.src.Adopt != uuid.Nil
}

// adopt makes the points that a device's metrics lack, and its machine where there is none. What the plant does not take
// is told as a trouble and not tried again until something changes; an error is one of the node.
func (in *inlet) adopt(ctx context.Context, d *device, metrics []intake.Metric) (*binding, error) {
	in.adopting.Lock() // one at a time: whoever waited finds what the other made
	defer in.adopting.Unlock()
	b, err := in.bindingOf(ctx, d)
	if err != nil || !in.lacks(d, b, metrics) {
		return b, err
	}
	in.mu.RLock()
	src := in.src
	in.mu.RUnlock()
	var missing []intake.Metric
	for _, m := range metrics {
		if m.Type.Valid() && unsuitable(m.Name) == "" && !b.takes(m.Name) {
			missing = append(missing, m)
		}
	}
	var keys map[string]bool
	if b != nil {
		keys = b.keys
	}
	points, declined := pointsOf(missing, keys)
	room := min(maxMetrics-len(keys), maxAdopted-in.adopted())
	if len(points) > room {
		for _, p := range points[max(room, 0):] {
			declined = append(declined, decline{p.Address, fmt.Sprintf("a source makes at most %d points by itself, and a machine has at most %d", maxAdopted, maxMetrics)})
		}
		points = points[:max(room, 0)]
	}
	if len(points) > 0 {
		err = in.grow(ctx, src, d, b, points)
	}
	if p, ok := problem.From(err); ok && p.GetStatus() < 500 {
		for _, m := range missing {
			declined = append(declined, decline{m.Name, p.Error()})
		}
		err = nil
	}
	if err != nil {
		return nil, err
	}
	if b, err = in.bindingOf(ctx, d); err != nil {
		return nil, err
	}
	if len(declined) > 0 {
		in.decline(d, declined)
	}
	return b, nil
}

// grow makes a machine with points, or gives points to the one that there is.
func (in *inlet) grow(ctx context.Context, src Source, d *device, b *binding, points []template.Point) error {
	scope := auth.System(src.Org)
	reason := fmt.Sprintf("found by source %s: device %s", src.Name.In("en"), d.key)
	if b != nil {
		if err := in.s.o.Plant.AddPoints(ctx, scope, b.machine, points, cut(reason, 400)); err != nil {
			return fmt.Errorf("add points to machine %s: %w", b.machine, err)
		}
		d.unbind()
		return nil
	}
	name := clipName(d.key)
	machine, err := in.s.o.Plant.Create(ctx, scope, NewMachine{Org: src.Org, Parent: src.Adopt, Name: text.Text{Zh: name, En: name}, Points: points, Reason: cut(reason, 400)})
	if err != nil {
		return fmt.Errorf("make a machine of device %s: %w", d.key, err)
	}
	// The generation stays: whoever else has slots of this device has them of metrics that had points already.
	_, err = in.s.feed(ctx, scope, in, Feed{Machine: machine, Org: src.Org, Source: src.ID, Device: d.key, Grows: true})
	d.unbind()
	in.touch()
	return err
}

// adopted counts the points of machines that the source made, as far as they were read since the node started.
func (in *inlet) adopted() (n int) {
	in.mu.RLock()
	defer in.mu.RUnlock()
	for _, d := range in.devices {
		d.mu.Lock()
		if d.binding != nil && d.binding.grows {
			n += len(d.binding.points)
		}
		d.mu.Unlock()
	}
	return n
}

// decline is a metric that cannot be a point.
type decline struct{ name, why string }

// decline tells why metrics are not adopted, once.
func (in *inlet) decline(d *device, list []decline) {
	d.mu.Lock()
	if d.declined == nil {
		d.declined = map[string]struct{}{}
	}
	for _, x := range list {
		if len(d.declined) < 2*maxMetrics {
			d.declined[strings.Clone(x.name)] = struct{}{}
		}
	}
	d.mu.Unlock()
	first := list[0]
	in.note(d, intake.Trouble{Code: "adopt", Where: d.key, Value: first.name, Zh: fmt.Sprintf("有 %d 个指标不能采纳为测点，例如 %s：%s", len(list), first.name, first.why),
		En: fmt.Sprintf("%d metrics cannot become points, such as %s: %s", len(list), first.name, first.why)})
}

// pointsOf makes points of metrics. keys are those that the machine has; what cannot be a point is declined.
func pointsOf(metrics []intake.Metric, keys map[string]bool) (points []template.Point, declined []decline) {
	taken := make(map[string]bool, len(keys)+len(metrics))
	for k := range keys {
		taken[k] = true
	}
	seen := map[string]bool{}
	for _, m := range metrics {
		switch why := unsuitable(m.Name); {
		case why != "":
			declined = append(declined, decline{cut(m.Name, 60), why})
			continue
		case !m.Type.Valid():
			declined = append(declined, decline{m.Name, "its type is not known yet"})
			continue
		case seen[m.Name]:
			continue
		}
		seen[m.Name] = true
		key := keyOf(m.Name, taken)
		taken[key] = true
		name := clipName(m.Name)
		points = append(points, template.Point{Key: key, Name: text.Text{Zh: name, En: name}, Type: template.TypeOf(m.Type), Unit: unitOf(m.Unit, m.Type), Address: m.Name,
			Every: template.Duration(time.Second), Report: template.ReportOf(telemetry.OnChange), MaxSilence: template.Duration(adoptedSilence)})
	}
	return points, declined
}

// unsuitable tells why a metric's name cannot be the address of a point, "" where it can.
func unsuitable(name string) string {
	if name == "" || utf8.RuneCountInString(name) > maxMetricName || !utf8.ValidString(name) {
		return "a name has 1 to 200 characters of UTF-8"
	}
	return ""
}

// clipName makes a name that a page can show of what a device calls something.
func clipName(s string) string {
	s = strings.Map(func(r rune) rune {
		if r < 0x20 || r == 0x7f {
			return ' '
		}
		return r
	}, s)
	if r := []rune(s); len(r) > maxName {
		s = string(r[:maxName-1]) + "…"
	}
	if strings.TrimSpace(s) == "" {
		return "?"
	}
	return s
}

// keyOf makes a point's key of a metric's name: words of letters and digits joined by dots, the first letter small. A
// name without any, such as one in Chinese, becomes "m", and a key that is taken gets a number.
func keyOf(name string, taken map[string]bool) string {
	words := strings.FieldsFunc(name, func(r rune) bool {
		return (r < '0' || r > '9') && (r < 'a' || r > 'z') && (r < 'A' || r > 'Z')
	})
	key := strings.Join(words, ".")
	if len(key) > maxName-8 {
		key = strings.TrimRight(key[:maxName-8], ".")
	}
	switch {
	case key == "":
		key = "m"
	case key[0] >= 'A' && key[0] <= 'Z':
		key = lowerFirst(key)
	case key[0] >= '0' && key[0] <= '9':
		key = "m" + key
	}
	if !taken[key] {
		return key
	}
	for i := 2; ; i++ {
		if next := key + "." + strconv.Itoa(i); !taken[next] {
			return next
		}
	}
}

// lowerFirst makes the first word of a key begin small: "MotorSpeed" is motorSpeed, "RPM" is rpm.
func lowerFirst(key string) string {
	first, rest, dotted := strings.Cut(key, ".")
	if strings.ToUpper(first) == first {
		first = strings.ToLower(first)
	} else {
		first = strings.ToLower(first[:1]) + first[1:]
	}
	if dotted {
		return first + "." + rest
	}
	return first
}

// Adoption asks to make of a device what a person chose.
type Adoption struct {
	Device   string
	Machine  uuid.UUID // an existing machine, or
	Parent   uuid.UUID // where a new one is made
	Name     text.Text // of the new one; empty: the device's name
	Template string
	Class    string
	Metrics  []string // to become points; nil: all that the device has told, where neither machine nor template is given
}

// Adopt lets a device feed a machine, which is made where none is given, with points for its metrics. It returns the
// machine. Errors: ErrUnknown, ErrTarget, ErrMetric, ErrNothing, those of SetFeed and of making plant nodes and points.
func (s *Service) Adopt(ctx context.Context, id uuid.UUID, q Adoption) (uuid.UUID, error) {
	in, scope, err := s.own(ctx, id)
	if err != nil {
		return uuid.Nil, err
	}
	if (q.Machine == uuid.Nil) == (q.Parent == uuid.Nil) {
		return uuid.Nil, ErrTarget.At("body.machine", nil)
	}
	in.mu.RLock()
	d, org := in.devices[q.Device], in.src.Org
	_, fed := in.feeds[q.Device]
	in.mu.RUnlock()
	if d == nil {
		return uuid.Nil, ErrUnknown.At("body.device", q.Device)
	}
	found, err := d.choose(q)
	if err != nil {
		return uuid.Nil, err
	}
	if q.Machine != uuid.Nil {
		if _, err := s.SetFeed(ctx, q.Machine, id, q.Device); err != nil {
			return uuid.Nil, err
		}
		return q.Machine, s.addMetrics(ctx, scope, in, d, q.Machine, found)
	}
	if fed {
		return uuid.Nil, in.taken(q.Device)
	}
	if len(found) == 0 && q.Template == "" {
		return uuid.Nil, ErrNothing.At("body.device", q.Device)
	}
	points, declined := pointsOf(found, nil)
	if len(declined) > 0 {
		return uuid.Nil, ErrMetric.At("body.metrics", declined[0].name).With("reason", declined[0].why)
	}
	if q.Name.IsZero() {
		q.Name = text.Text{Zh: clipName(d.key), En: clipName(d.key)}
	}
	if q.Template != "" {
		points = nil // the template's; chosen metrics come on top
	}
	in.adopting.Lock()
	defer in.adopting.Unlock()
	machine, err := s.o.Plant.Create(ctx, scope, NewMachine{Org: org, Parent: q.Parent, Name: q.Name, Class: q.Class, Template: q.Template, Points: points,
		Reason: cut("adopted from device "+d.key, 400)})
	if err != nil {
		return uuid.Nil, err
	}
	if _, err := s.feed(ctx, scope, in, Feed{Machine: machine, Org: org, Source: id, Device: d.key}); err != nil {
		return uuid.Nil, err
	}
	in.look(ctx, d.key)
	if q.Template != "" {
		return machine, s.addMetrics(ctx, scope, in, d, machine, found)
	}
	return machine, nil
}

// choose returns the metrics of a device that are to become points.
func (d *device) choose(q Adoption) ([]intake.Metric, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	var out []intake.Metric
	if q.Metrics == nil {
		if q.Template != "" || q.Machine != uuid.Nil {
			return nil, nil
		}
		for _, name := range d.names() {
			if m := d.metrics[name]; m.kind.Valid() {
				out = append(out, intake.Metric{Name: name, Type: m.kind, Unit: m.unit})
			}
		}
		return out, nil
	}
	for i, name := range q.Metrics {
		m := d.metrics[name]
		if m == nil || !m.kind.Valid() {
			return nil, ErrMetric.At(fmt.Sprintf("body.metrics[%d]", i), name).With("reason", text.Text{Zh: "设备没有上报过它，或其类型未知", En: "the device has not told it, or its type is not known"})
		}
		out = append(out, intake.Metric{Name: name, Type: m.kind, Unit: m.unit})
	}
	return out, nil
}

// addMetrics gives a machine points for metrics that it has none for.
func (s *Service) addMetrics(ctx context.Context, scope auth.Scope, in *inlet, d *device, machine uuid.UUID, found []intake.Metric) error {
	if len(found) == 0 {
		return nil
	}
	b, err := in.bindingOf(ctx, d)
	if err != nil {
		return err
	}
	if b == nil {
		return errors.New("the machine has lost its feed meanwhile")
	}
	var missing []intake.Metric
	for _, m := range found {
		if !b.takes(m.Name) {
			missing = append(missing, m)
		}
	}
	points, declined := pointsOf(missing, b.keys)
	if len(declined) > 0 {
		return ErrMetric.At("body.metrics", declined[0].name).With("reason", declined[0].why)
	}
	if len(points) == 0 {
		return nil
	}
	if err := s.o.Plant.AddPoints(ctx, scope, machine, points, cut("adopted from device "+d.key, 400)); err != nil {
		return err
	}
	in.rebind(ctx, d)
	return nil
}
