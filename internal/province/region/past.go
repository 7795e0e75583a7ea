package region

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"jingwei/internal/office/flow/workday"
	"jingwei/internal/province/history"
)

// tact is a step on which every past ends.
const tact = 15 * time.Minute

// maxValues is how many values a push carries at most.
const maxValues = 60_000

// handover is when the past of an enterprise ends: the quarter of an hour in which it was begun.
func (f *filler) handover(w *works) (time.Time, error) {
	key := "handover/" + w.Firm
	if s := f.Kept.Get(key); s != "" {
		return time.Parse(time.RFC3339, s)
	}
	at := f.Now().UTC().Truncate(tact)
	return at, f.Kept.Keep(key, at.Format(time.RFC3339))
}

// start is where the simulator of a machine starts in its recording, and how fast it goes: meters as they were recorded, in step with
// the week; machines that work as simulators do by themselves.
func (f *filler) start(firm string, m *Machine) (row int64, speed float64) {
	n := int64(f.units[firm+"/"+m.Key])
	if m.Template == "power-meter-steel" {
		return history.InStep(13*7*96, n), 1 // of two that are 13 weeks apart one is a round ahead
	}
	return 271 * n, 0
}

// history is a machine as the generator takes it.
func (f *filler) history(w *works, m *Machine) *history.Machine {
	x := &history.Machine{Key: w.Firm + "/" + m.Key, Template: f.templates[m.Template], Points: f.Region.Points[m.Template].Keys, Shifts: w.Shifts}
	x.Start, _ = f.start(w.Firm, m)
	if w.Moved != nil {
		on := f.day - workday.Day(w.Moved.Days)
		x.Away = []history.Stay{{First: on, Last: on + workday.Day(w.Moved.Away) - 1}}
	}
	return x
}

// past sends what the machines told before their gateway came; how many samples.
func (f *filler) past(ctx context.Context, w *works) (samples int, err error) {
	err = f.once("past/"+w.Firm, func() error {
		samples, err = f.send(ctx, w)
		return err
	})
	return samples, err
}

func (f *filler) send(ctx context.Context, w *works) (samples int, err error) {
	until, err := f.handover(w)
	if err != nil {
		return 0, err
	}
	if f.Months == 0 {
		return 0, nil
	}
	source, err := f.make("source/"+w.Firm, func() (m made, err error) {
		return m, w.post(ctx, "/sources", object{"org": w.org, "name": object{"zh": "历史数据（演示）", "en": "History (demo)"}, "kind": "push", "transport": "http", "origin": "replayed"}, &m)
	})
	if err != nil {
		return 0, err
	}
	var credential struct{ ID, Secret string }
	if err := w.post(ctx, "/sources/"+source+"/credentials", object{"name": "demo"}, &credential); err != nil {
		return 0, err
	}
	door := &Client{Base: w.Base, Token: credential.ID + ":" + credential.Secret}
	var pasts []*history.Past
	var of []*machine
	for i := range w.Machines {
		m := w.machines[w.Machines[i].Key]
		if m.Template == "" {
			continue
		}
		if err := w.do(ctx, "PUT", "/plant/machines/"+m.id+"/feed", object{"source": source, "device": m.Key}, nil); err != nil {
			return 0, err
		}
		p, err := f.library.Past(f.history(w, m.Machine), f.first(), until)
		if err != nil {
			return 0, err
		}
		pasts, of = append(pasts, p), append(of, m)
	}
	samples, err = f.push(ctx, w, door, pasts, of)
	if err != nil {
		return samples, err
	}
	for _, m := range of {
		if err := w.do(ctx, "DELETE", "/plant/machines/"+m.id+"/feed", nil, nil); err != nil {
			return samples, err
		}
	}
	return samples, w.do(ctx, "DELETE", "/sources/"+source+"/credentials/"+credential.ID, nil, nil)
}

// push sends day by day, each machine's rows by time, and keeps how far it came. What is sent again is the same sample and kept once.
func (f *filler) push(ctx context.Context, w *works, door *Client, pasts []*history.Past, of []*machine) (samples int, err error) {
	var b bytes.Buffer
	held := 0
	flush := func(through workday.Day) error {
		if held > 0 {
			if err := door.send(ctx, "POST", "/push/json", "application/x-ndjson", b.Bytes(), nil); err != nil {
				return err
			}
		}
		samples, held = samples+held, 0
		b.Reset()
		return f.Kept.Keep("past-day/"+w.Firm, through.String())
	}
	first := f.first()
	if s := f.Kept.Get("past-day/" + w.Firm); s != "" {
		if d, ok := workday.ParseDay(s); ok {
			first = d + 1
		}
	}
	for d := first; d <= pasts[0].Last(); d++ {
		for i, p := range pasts {
			t, keys := f.templates[of[i].Template], f.Region.Points[of[i].Template].Keys
			for _, r := range p.Rows(d) {
				if err := line(&b, of[i].Key, keys, func(key string) string { return point(t, key).Address }, &r); err != nil {
					return samples, err
				}
				held += len(keys)
			}
		}
		if held > maxValues/2 || d == pasts[0].Last() {
			if err := flush(d); err != nil {
				return samples, err
			}
		}
	}
	return samples, nil
}

// line writes a row as docs/connect-push.md says: a metric is called as its point's address.
func line(b *bytes.Buffer, device string, keys []string, address func(string) string, r *history.Row) error {
	values := make([]string, len(keys))
	for i, key := range keys {
		v := []byte("null")
		if !r.Bad {
			var err error
			if v, err = json.Marshal(r.Values[i]); err != nil {
				return err
			}
		}
		values[i] = fmt.Sprintf("%q:%s", address(key), v)
	}
	fmt.Fprintf(b, `{"device":%q,"time":%d,`, device, r.At/int64(time.Millisecond))
	if r.Bad {
		b.WriteString(`"status":"Bad_NoCommunication",`)
	}
	fmt.Fprintf(b, "\"values\":{%s}}\n", strings.Join(values, ","))
	return nil
}
