package region

import (
	"context"
	"fmt"
	"math"
	"net/url"
	"time"

	"github.com/goccy/go-yaml"

	"jingwei/internal/kernel/text"
	"jingwei/internal/office/flow/workday"
	"jingwei/internal/plant/template"
	"jingwei/internal/province"
)

// machine of a plant, as its node tells it.
type machine struct {
	*Machine
	id     string
	series map[string]string // by key of the point
}

// How machines were read before their gateway came: as often as the past has rows, and as long silent as it may be.
var before = map[string]struct{ every, silence time.Duration }{
	"power-meter-steel":      {15 * time.Minute, 20 * time.Minute},
	"cnc-mill-smart-testbed": {10 * time.Minute, 65 * time.Minute},
}

// first is the day on which the past begins. A past of a year goes back to the first of January before it, so that the last calendar year
// was measured as a whole.
func (f *filler) first() workday.Day {
	d := f.day.AddMonths(-f.Months)
	for f.Months >= 12 && (d-1).Year() == d.Year() {
		d--
	}
	return d
}

// plant makes sites, areas, machines and points since the first day of the past, and says which series count.
func (f *filler) plant(ctx context.Context, w *works) error {
	err := f.once("plant/"+w.Firm, func() error {
		return f.describe(ctx, w, time.Unix(0, f.first().Begin()), func(id string) (time.Duration, time.Duration) { return before[id].every, before[id].silence })
	})
	if err != nil {
		return err
	}
	type named struct {
		ID   string    `json:"id"`
		Name text.Text `json:"name"`
	}
	list, err := province.All[named](ctx, w.Client.get, "/plant/nodes?kind=machine&limit=200&org="+w.org)
	if err != nil {
		return err
	}
	w.machines = map[string]*machine{}
	for i := range w.Machines {
		m := &machine{Machine: &w.Machines[i], series: map[string]string{}}
		for _, x := range list {
			if x.Name == m.Name {
				m.id = x.ID
			}
		}
		if m.id == "" {
			return fmt.Errorf("machine %s is not in the plant", m.Key)
		}
		var told struct {
			Points []struct {
				ID  string `json:"id"`
				Key string `json:"key"`
			} `json:"points"`
		}
		if err := w.get(ctx, "/plant/machines/"+m.id, &told); err != nil {
			return err
		}
		for _, p := range told.Points {
			m.series[p.Key] = p.ID
		}
		w.machines[m.Key] = m
	}
	return f.once("counters/"+w.Firm, func() error { return f.counters(ctx, w) })
}

// describe imports the plant as a file, whose points hold since a time.
func (f *filler) describe(ctx context.Context, w *works, since time.Time, paced func(template string) (every, silence time.Duration)) error {
	type row = yaml.MapSlice
	item := func(key string, v any) yaml.MapItem { return yaml.MapItem{Key: key, Value: v} }
	name := func(t text.Text) yaml.MapItem { return item("name", row{item("zh", t.Zh), item("en", t.En)}) }
	var areas []row
	at := map[text.Text]int{}
	for i := range w.Machines {
		m := &w.Machines[i]
		if _, ok := at[m.Area]; !ok {
			at[m.Area] = len(areas)
			areas = append(areas, row{name(m.Area), item("machines", []row{})})
		}
		class := m.Class
		r := row{name(m.Name)}
		if t := f.templates[m.Template]; t != nil {
			if class == "" {
				class = t.Class
			}
			every, silence := paced(m.Template)
			var points []row
			for _, key := range f.Region.Points[m.Template].Keys {
				p := point(t, key)
				if p == nil {
					return fmt.Errorf("template %s has no point %s", t.ID, key)
				}
				q := row{item("key", p.Key), name(p.Name), item("type", string(p.Type)), item("unit", p.Unit), item("address", p.Address), item("encoding", p.Encoding),
					item("order", p.Order), item("every", every.String()), item("maxSilence", silence.String()), item("report", string(p.Report))}
				if p.Scale != 0 {
					q = append(q, item("scale", p.Scale))
				}
				var values []row
				for _, v := range p.Values {
					values = append(values, row{item("value", v.Value), name(v.Name)})
				}
				if len(values) > 0 {
					q = append(q, item("values", values))
				}
				points = append(points, q)
			}
			r = append(r, item("points", points))
		}
		r = append(r, item("class", class))
		area := &areas[at[m.Area]]
		list := (*area)[1].Value.([]row)
		(*area)[1].Value = append(list, r)
	}
	data, err := yaml.Marshal(row{item("format", "jingwei-plant/1"), item("sites", []row{{name(w.Site), item("areas", areas)}})})
	if err != nil {
		return err
	}
	var told struct {
		Applied bool `json:"applied"`
		Errors  []struct {
			Column  string    `json:"column"`
			Value   string    `json:"value"`
			Message text.Text `json:"message"`
		} `json:"errors"`
	}
	path := "/plant/import?format=yaml&org=" + w.org + "&from=" + url.QueryEscape(since.UTC().Format(time.RFC3339))
	if err := w.file(ctx, path, data, &told); err != nil {
		return err
	}
	if !told.Applied || len(told.Errors) > 0 {
		return fmt.Errorf("the plant was not taken: %+v", told.Errors)
	}
	return nil
}

func point(t *template.Template, key string) *template.Point {
	for i := range t.Points {
		if t.Points[i].Key == key {
			return &t.Points[i]
		}
	}
	return nil
}

// counter is the point that counts energy.
const counter = "energy.total"

// counters says which series count, and where their register rolls over: 32 bits of its steps.
func (f *filler) counters(ctx context.Context, w *works) error {
	for _, m := range w.machines {
		id := m.series[counter]
		if id == "" {
			continue
		}
		p := point(f.templates[m.Template], counter)
		body := object{"modulus": math.Ldexp(1, 32) * p.Scale, "reason": "32 位寄存器（演示）"}
		if err := w.do(ctx, "PUT", "/series/"+id+"/counter", body, nil); err != nil {
			return err
		}
	}
	return nil
}
