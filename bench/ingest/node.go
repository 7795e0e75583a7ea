package ingest

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"path/filepath"
	"strings"
	"sync"
	"time"
)

// node is the product as anybody would run it, set up over its API.
type node struct {
	process  *process
	base     string
	mqtt     string
	user     string
	password string
	cookie   *http.Cookie
	org      string
}

// startNode runs `jingwei serve`, signs in with the link of the first start, and makes a Sparkplug source that adopts
// what it sees.
func startNode(ctx context.Context, dir, program string) (*node, error) {
	p, err := start(ctx, dir, "node", program, "serve", "--data", filepath.Join(dir, "node"), "--http", "127.0.0.1:0", "--https", "off",
		"--link", "off", "--mqtt", "off", "--mqtt-plain", "127.0.0.1:0", "--log-level", "warn")
	if err != nil {
		return nil, err
	}
	n := &node{process: p}
	if err := n.prepare(ctx); err != nil {
		p.stop()
		return nil, fmt.Errorf("set the node up: %w", err)
	}
	return n, nil
}

func (n *node) prepare(ctx context.Context) error {
	said, err := n.process.line(ctx, "ready: ", 30*time.Second)
	if err != nil {
		return err
	}
	n.base, _, _ = strings.Cut(said, " ")
	if n.mqtt, err = n.process.line(ctx, "mqtt: ", 5*time.Second); err != nil {
		return err
	}
	n.mqtt = n.mqtt[strings.LastIndex(n.mqtt, "/")+1:]
	link, err := n.process.line(ctx, "sign in: ", 5*time.Second)
	if err != nil {
		return err
	}
	u, err := url.Parse(link)
	if err != nil {
		return err
	}
	if err := n.call(ctx, "POST", "/session/link", map[string]any{"token": u.Query().Get("token")}, nil); err != nil {
		return err
	}
	var orgs struct{ Items []struct{ ID string } }
	if err := n.call(ctx, "GET", "/orgs", nil, &orgs); err != nil {
		return err
	}
	if len(orgs.Items) == 0 {
		return fmt.Errorf("the node has no organisation")
	}
	n.org = orgs.Items[0].ID
	var made struct{ ID string }
	parent := ""
	for _, kind := range []string{"site", "area"} {
		body := map[string]any{"org": n.org, "kind": kind, "name": map[string]string{"en": "Bench"}}
		if parent != "" {
			body["parent"] = parent
		}
		if err := n.call(ctx, "POST", "/plant/nodes", body, &made); err != nil {
			return err
		}
		parent = made.ID
	}
	if err := n.call(ctx, "POST", "/sources", map[string]any{"org": n.org, "name": map[string]string{"en": "Bench"}, "kind": "sparkplug",
		"transport": "broker", "config": map[string]any{}, "adopt": map[string]any{"parent": parent}, "origin": "replayed"}, &made); err != nil {
		return err
	}
	var credential struct{ ID, Secret string }
	if err := n.call(ctx, "POST", "/sources/"+made.ID+"/credentials", map[string]any{"name": "generator"}, &credential); err != nil {
		return err
	}
	n.user, n.password = credential.ID, credential.Secret
	return nil
}

func (n *node) call(ctx context.Context, method, path string, body, out any) error {
	var in io.Reader
	if body != nil {
		b, err := json.Marshal(body)
		if err != nil {
			return err
		}
		in = bytes.NewReader(b)
	}
	q, err := http.NewRequestWithContext(ctx, method, n.base+"/api/v1"+path, in)
	if err != nil {
		return err
	}
	if body != nil {
		q.Header.Set("Content-Type", "application/json")
	}
	if n.cookie != nil {
		q.AddCookie(n.cookie)
	}
	a, err := http.DefaultClient.Do(q)
	if err != nil {
		return err
	}
	defer a.Body.Close()
	b, err := io.ReadAll(a.Body)
	if err != nil {
		return err
	}
	if a.StatusCode/100 != 2 {
		return fmt.Errorf("%s %s: %s: %s", method, path, a.Status, b)
	}
	for _, c := range a.Cookies() {
		n.cookie = c
	}
	if out == nil {
		return nil
	}
	return json.Unmarshal(b, out)
}

// count reads every series of the node and adds up its samples: what can be read, not what was counted on the way in.
func (n *node) count(ctx context.Context) (points, series int, err error) {
	var all []string
	for cursor := ""; ; {
		var page struct {
			Items []struct{ ID string }
			Next  string
		}
		if err := n.call(ctx, "GET", "/series?org="+n.org+"&limit=1000&cursor="+url.QueryEscape(cursor), nil, &page); err != nil {
			return 0, 0, err
		}
		for _, s := range page.Items {
			all = append(all, s.ID)
		}
		if cursor = page.Next; cursor == "" {
			break
		}
	}
	now := time.Now().UTC()
	span := fmt.Sprintf("?from=%s&to=%s&step=24h", now.Add(-24*time.Hour).Format(time.RFC3339), now.Add(24*time.Hour).Format(time.RFC3339))
	const readers = 4
	counts, errs := make([]int, readers), make([]error, readers)
	var wg sync.WaitGroup
	for r := range readers {
		wg.Go(func() {
			for i := r; i < len(all) && errs[r] == nil; i += readers {
				var answer struct{ Items []struct{ Count json.Number } }
				errs[r] = n.call(ctx, "GET", "/series/"+all[i]+"/aggregates"+span, nil, &answer)
				for _, b := range answer.Items {
					k, _ := b.Count.Int64()
					counts[r] += int(k)
				}
			}
		})
	}
	wg.Wait()
	for r := range readers {
		if errs[r] != nil {
			return 0, 0, errs[r]
		}
		points += counts[r]
	}
	return points, len(all), nil
}
