package crash

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"github.com/google/uuid"

	"jingwei/internal/telemetry"
)

// client speaks to the node's HTTP API as any other program does.
type client struct {
	base   string // http://127.0.0.1:8480
	token  string
	cookie *http.Cookie // of a person's session, while there is no token
	http   http.Client
}

const maxAnswer = 64 << 20

// call sends in (nil: nothing) and reads the answer into out (nil: nowhere).
func (c *client) call(ctx context.Context, method, path string, in, out any) error {
	var body io.Reader
	if in != nil {
		b, err := json.Marshal(in)
		if err != nil {
			return fmt.Errorf("%s %s: %w", method, path, err)
		}
		body = bytes.NewReader(b)
	}
	r, err := http.NewRequestWithContext(ctx, method, c.base+path, body)
	if err != nil {
		return fmt.Errorf("%s %s: %w", method, path, err)
	}
	if in != nil {
		r.Header.Set("Content-Type", "application/json")
	}
	if c.token != "" {
		r.Header.Set("Authorization", "Bearer "+c.token)
	} else if c.cookie != nil {
		r.AddCookie(c.cookie)
	}
	answer, err := c.http.Do(r)
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	raw, err := io.ReadAll(io.LimitReader(answer.Body, maxAnswer))
	if err != nil {
		return fmt.Errorf("%s %s: %w", method, path, err)
	}
	if answer.StatusCode/100 != 2 {
		return fmt.Errorf("%s %s: status %d: %.500s", method, path, answer.StatusCode, raw)
	}
	for _, k := range answer.Cookies() {
		c.cookie = k
	}
	if out == nil {
		return nil
	}
	if err := json.Unmarshal(raw, out); err != nil {
		return fmt.Errorf("%s %s: read the answer: %w", method, path, err)
	}
	return nil
}

// jsonSample is a sample as the API answers it.
type jsonSample struct {
	Time        time.Time       `json:"time"`
	GatewayTime time.Time       `json:"gatewayTime"`
	Value       json.RawMessage `json:"value"`
	Status      struct {
		Code uint32 `json:"code"`
	} `json:"status"`
	Flags      []string `json:"flags"`
	Origin     string   `json:"origin"`
	Revision   uint32   `json:"revision"`
	Commit     uint64   `json:"commit,string"`
	Superseded bool     `json:"superseded"`
}

var flagsByName = map[string]telemetry.Flags{"noValue": telemetry.NoValue, "gatewayTime": telemetry.GatewayTime, "futureTime": telemetry.FutureTime,
	"repeated": telemetry.Repeated, "clockUnsure": telemetry.ClockUnsure, "rival": telemetry.Rival}

var originsByName = map[string]telemetry.Origin{"measured": telemetry.Measured, "replayed": telemetry.Replayed}

func (j *jsonSample) sample(of telemetry.Type) (telemetry.Sample, error) {
	s := telemetry.Sample{Time: j.Time.UnixNano(), Gateway: j.GatewayTime.UnixNano(), Status: telemetry.Status(j.Status.Code),
		Origin: originsByName[j.Origin], Revision: j.Revision, Commit: j.Commit, Superseded: j.Superseded}
	for _, name := range j.Flags {
		f, ok := flagsByName[name]
		if !ok {
			return s, fmt.Errorf("flag %q is not known", name)
		}
		s.Flags |= f
	}
	if string(j.Value) == "null" {
		return s, nil
	}
	s.Value.Type = of
	text := string(j.Value)
	if text != "" && text[0] == '"' {
		if err := json.Unmarshal(j.Value, &text); err != nil {
			return s, fmt.Errorf("value %.60s: %w", j.Value, err)
		}
	}
	var err error
	switch of {
	case telemetry.Float64:
		var f float64
		f, err = strconv.ParseFloat(text, 64)
		s.Value.Bits = math.Float64bits(f)
	case telemetry.Int64:
		var i int64
		i, err = strconv.ParseInt(text, 10, 64)
		s.Value.Bits = uint64(i)
	case telemetry.Bool:
		var b bool
		if b, err = strconv.ParseBool(text); b {
			s.Value.Bits = 1
		}
	case telemetry.String:
		s.Value.Text = text
	}
	return s, err
}

// samples reads a series' samples in a span, those that others superseded too.
func (c *client) samples(ctx context.Context, series uuid.UUID, of telemetry.Type, from, to int64) ([]telemetry.Sample, error) {
	var out []telemetry.Sample
	q := url.Values{"mode": {"raw"}, "history": {"true"}, "limit": {"10000"}, "from": {instant(from)}, "to": {instant(to)}}
	for {
		var page struct {
			Items []jsonSample `json:"items"`
			Next  string       `json:"next"`
		}
		if err := c.call(ctx, http.MethodGet, "/api/v1/series/"+series.String()+"/samples?"+q.Encode(), nil, &page); err != nil {
			return nil, err
		}
		for i := range page.Items {
			s, err := page.Items[i].sample(of)
			if err != nil {
				return nil, fmt.Errorf("series %s, sample at %v: %w", series, page.Items[i].Time, err)
			}
			out = append(out, s)
		}
		if page.Next == "" {
			return out, nil
		}
		q.Set("cursor", page.Next)
	}
}

func instant(ns int64) string { return time.Unix(0, ns).UTC().Format(time.RFC3339Nano) }
