package crash

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"

	"github.com/google/uuid"

	"jingwei/internal/kernel/text"
)

// world is what the node must know before the load begins, made through its API as a person would make it.
type world struct {
	client  client
	org     uuid.UUID
	line    uuid.UUID
	lanes   []beginLane
	machine [4]uuid.UUID
	code    string // of the real gateway
}

const api = "/api/v1"

func named(name string) text.Text { return text.Text{Zh: name, En: name} }

// makeWorld signs in with the first-start link and makes lanes producers and one real gateway.
func makeWorld(ctx context.Context, base, link string, lanes int, modbus string) (*world, error) {
	w := &world{client: client{base: base}}
	c := &w.client
	_, secret, ok := strings.Cut(link, "token=")
	if !ok {
		return nil, errors.New("the node printed no sign-in link")
	}
	var me struct {
		Roles []struct {
			Org struct {
				ID uuid.UUID `json:"id"`
			} `json:"org"`
		} `json:"roles"`
	}
	if err := c.call(ctx, http.MethodPost, api+"/session/link", map[string]string{"token": secret}, &me); err != nil {
		return nil, fmt.Errorf("sign in: %w", err)
	}
	if len(me.Roles) == 0 {
		return nil, errors.New("sign in: the administrator has no organisation")
	}
	w.org = me.Roles[0].Org.ID
	var token struct {
		Token string `json:"token"`
	}
	if err := c.call(ctx, http.MethodPost, api+"/tokens", map[string]any{"name": "bench crash", "org": w.org, "role": "engineer"}, &token); err != nil {
		return nil, err
	}
	c.token = token.Token
	var parent uuid.UUID
	for _, kind := range []string{"site", "area", "line"} {
		var err error
		if parent, err = w.node(ctx, kind, parent, kind); err != nil {
			return nil, err
		}
	}
	w.line = parent
	for i := range lanes {
		// Nobody polls a lane's link: the verifier takes the place of the gateway that would.
		series, code, err := w.gateway(ctx, fmt.Sprintf("lane %d", i+1), "127.0.0.1:9")
		if err != nil {
			return nil, err
		}
		w.lanes = append(w.lanes, beginLane{Code: code, Series: series})
	}
	var err error
	w.machine, w.code, err = w.gateway(ctx, "machine", modbus)
	return w, err
}

type made struct {
	ID uuid.UUID `json:"id"`
}

func (w *world) node(ctx context.Context, kind string, parent uuid.UUID, name string) (uuid.UUID, error) {
	in := map[string]any{"org": w.org, "kind": kind, "name": named(name)}
	if parent != uuid.Nil {
		in["parent"] = parent
	}
	var out made
	err := w.client.call(ctx, http.MethodPost, api+"/plant/nodes", in, &out)
	return out.ID, err
}

// gateway makes a gateway with one link, one machine behind it with four points, and an enrolment code.
func (w *world) gateway(ctx context.Context, name, address string) (series [4]uuid.UUID, code string, err error) {
	c := &w.client
	machine, err := w.node(ctx, "machine", w.line, name)
	if err != nil {
		return series, "", err
	}
	for i, p := range machinePoints {
		var out made
		in := map[string]any{"key": p.key, "name": named(p.key), "type": p.kind, "unit": p.unit, "address": p.address, "encoding": p.encoding,
			"every": "20ms", "maxSilence": "10s"}
		if err := c.call(ctx, http.MethodPost, api+"/plant/machines/"+machine.String()+"/points", in, &out); err != nil {
			return series, "", err
		}
		series[i] = out.ID
	}
	var gateway, link made
	if err := c.call(ctx, http.MethodPost, api+"/gateways", map[string]any{"org": w.org, "name": named(name)}, &gateway); err != nil {
		return series, "", err
	}
	if err := c.call(ctx, http.MethodPost, api+"/gateways/"+gateway.ID.String()+"/links",
		map[string]any{"driver": "modbus", "name": named(name), "config": map[string]any{"address": address}}, &link); err != nil {
		return series, "", err
	}
	if err := c.call(ctx, http.MethodPut, api+"/plant/machines/"+machine.String()+"/connection", map[string]any{"link": link.ID, "unit": "1"}, nil); err != nil {
		return series, "", err
	}
	var invitation struct {
		Code string `json:"code"`
	}
	err = c.call(ctx, http.MethodPost, api+"/gateways/"+gateway.ID.String()+"/code", map[string]any{}, &invitation)
	return series, invitation.Code, err
}
