package region

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"jingwei/internal/province"
)

// party is one side of an agreement, as its node knows it.
type party struct {
	*Client
	key  string // as region.yaml names it
	node string
	org  string
	code string // credit code; "" where there is none
}

func (f *filler) party(ctx context.Context, key string) (*party, error) {
	node, runs := strings.CutPrefix(key, "@")
	member := ""
	if !runs {
		node, member = f.Region.Home(key), key
	}
	c, err := f.client(node, member)
	if err != nil {
		return nil, err
	}
	p := &party{Client: c, key: key, node: node}
	if p.org, err = c.org(ctx); err != nil {
		return nil, err
	}
	if n := f.Region.Node(node); n != nil {
		for _, m := range f.Region.Members(n) {
			if m.Key == member || n.Firm == member && m.Key == "" {
				p.code = m.CreditCode
			}
		}
	}
	return p, nil
}

// agreements links the nodes whose parties agree, and lets each giver offer and each taker accept.
func (f *filler) agreements(ctx context.Context) error {
	sessions := map[string]*session{}
	defer func() {
		for _, s := range sessions {
			_ = s.leave(ctx) // it ends by itself too
		}
	}()
	for i := range f.Region.Agreements {
		a := &f.Region.Agreements[i]
		if f.Kept.Get(agreementKey(a)) != "" {
			continue
		}
		giver, err := f.party(ctx, a.Giver)
		if err != nil {
			return err
		}
		taker, err := f.party(ctx, a.Taker)
		if err != nil {
			return err
		}
		if giver.node != taker.node {
			if err := f.once("join/"+giver.node+"/"+taker.node, func() error { return f.join(ctx, sessions, giver.node, taker.node) }); err != nil {
				return err
			}
		}
		if err := f.once(agreementKey(a), func() error { return f.agree(ctx, a, giver, taker) }); err != nil {
			return err
		}
	}
	return nil
}

func agreementKey(a *Agreement) string { return "agreement/" + a.Giver + "/" + a.Taker + "/" + a.Kind }

// at is the session at a node.
func (f *filler) at(ctx context.Context, sessions map[string]*session, node string) (*session, error) {
	if s := sessions[node]; s != nil {
		return s, nil
	}
	s, err := enter(ctx, f.Nodes[node])
	if err != nil {
		return nil, fmt.Errorf("sign in at %s: %w", node, err)
	}
	sessions[node] = s
	return s, nil
}

// join links the giver's node to the taker's by an invitation, unless they are linked.
func (f *filler) join(ctx context.Context, sessions map[string]*session, giver, taker string) error {
	from, err := f.at(ctx, sessions, giver)
	if err != nil {
		return err
	}
	to, err := f.at(ctx, sessions, taker)
	if err != nil {
		return err
	}
	type peer struct {
		Node string `json:"node"`
		Way  string `json:"way"`
	}
	list, err := province.All[peer](ctx, from.Client.get, "/neighbours")
	if err != nil {
		return err
	}
	for _, p := range list {
		if p.Node == f.Nodes[taker].ID && p.Way == "up" {
			return nil
		}
	}
	var invitation struct {
		Code string `json:"code"`
	}
	if err := to.post(ctx, "/neighbours/invitations", object{"name": giver}, &invitation); err != nil {
		return err
	}
	return from.post(ctx, "/neighbours/join", object{"code": invitation.Code}, nil)
}

// agreement as both sides are answered.
type agreement struct {
	ID    string `json:"id"`
	Kind  string `json:"kind"`
	State string `json:"state"`
	Giver struct {
		Node, Org string
	} `json:"giver"`
	Taker struct {
		Node, Org, CreditCode string
	} `json:"taker"`
	Version int64 `json:"version"`
}

// travel is how long an offer may take from node to node.
const travel = 30 * time.Second

// agree lets the giver offer, unless it has, and the taker accept.
func (f *filler) agree(ctx context.Context, a *Agreement, giver, taker *party) error {
	offered, err := f.offered(ctx, a, giver, taker)
	if err != nil {
		return err
	}
	if offered == nil {
		body := object{
			"org": giver.org, "other": f.other(giver, taker), "kind": a.Kind, "figures": f.figures(a), "detail": a.Detail, "drill": a.Drill, "onward": a.Onward,
			"until": f.Now().UTC().AddDate(2, 0, 0).Format(time.RFC3339), "purpose": a.Purpose, "words": a.Words,
		}
		if a.Since > 0 {
			body["since"] = f.ago(a.Since).String()
		}
		offered = &agreement{}
		if err := giver.post(ctx, "/agreements/offer", body, offered); err != nil {
			return err
		}
	}
	if offered.State == "active" {
		return nil
	}
	until := time.Now().Add(travel)
	for {
		err := taker.post(ctx, "/agreements/"+offered.ID+"/accept", object{"version": offered.Version}, nil)
		var refused *Refused
		if err == nil || !errors.As(err, &refused) || refused.Status != http.StatusNotFound || time.Now().After(until) {
			return err
		}
		select { // it is on its way
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(200 * time.Millisecond):
		}
	}
}

// offered is the agreement that an earlier start has offered; nil where there is none.
func (f *filler) offered(ctx context.Context, a *Agreement, giver, taker *party) (*agreement, error) {
	list, err := province.All[agreement](ctx, giver.Client.get, "/agreements?side=giver&standing=true&org="+giver.org)
	if err != nil {
		return nil, err
	}
	for i := range list {
		x := &list[i]
		if x.Kind == a.Kind && x.Taker.Node == f.Nodes[taker.node].ID && (x.Taker.Org == taker.org || taker.code != "" && x.Taker.CreditCode == taker.code) {
			return x, nil
		}
	}
	return nil, nil
}

// other names the taker to the giver's node.
func (f *filler) other(giver, taker *party) object {
	if giver.node == taker.node {
		return object{"org": taker.org}
	}
	out := object{"node": f.Nodes[taker.node].ID}
	if taker.code != "" {
		out["creditCode"] = taker.code
	} else {
		out["org"] = taker.org
	}
	return out
}

// figures are what an agreement names. Of an enterprise its observations are told, whatever the population.
func (f *filler) figures(a *Agreement) []string {
	if len(a.Figures) > 0 {
		return a.Figures
	}
	if a.Detail == "aggregate" {
		return slices.Sorted(slices.Values(slices.Concat(f.Figures, f.Counted)))
	}
	var out []string
	seen := map[string]bool{}
	for _, s := range f.Figures {
		id, rest, _ := strings.Cut(s, "@")
		if _, baseline, changes := strings.Cut(rest, "~"); changes {
			id += "@~" + baseline
		}
		if !seen[id] {
			seen[id] = true
			out = append(out, id)
		}
	}
	return out
}
