package inbox

import (
	"context"
	"encoding/json"
	"time"
)

// hook is the body of our webhooks.
type hook struct {
	ID    string     `json:"id"`
	Topic string     `json:"topic"`
	Zh    string     `json:"zh"`
	En    string     `json:"en"`
	Link  string     `json:"link,omitempty"`
	Due   *time.Time `json:"due,omitempty"`
	Code  string     `json:"code,omitempty"`
	At    time.Time  `json:"at"`
}

func (d *door) sendWebhook(ctx context.Context, s *Settings, o *outgoing) error {
	h := hook{ID: o.ID, Topic: o.Topic, Zh: o.Text.In("zh"), En: o.Text.In("en"), Link: o.Link, Code: o.Code, At: o.At.UTC()}
	if o.Due != 0 {
		due := time.Unix(0, o.Due).UTC()
		h.Due = &due
	}
	return d.signed(ctx, s.URL, s.Secret, o.ID, o.At, h)
}

// signed posts JSON with our signature and the key by which it is known again.
func (d *door) signed(ctx context.Context, address, secret, id string, at time.Time, v any) error {
	body, err := json.Marshal(v)
	if err != nil {
		return err
	}
	code, answer, err := d.Post(ctx, address, "application/json", body, map[string]string{SignatureHeader: Sign(secret, at, body), "Idempotency-Key": id})
	if err != nil {
		return network(err)
	}
	return status(code, answer)
}
