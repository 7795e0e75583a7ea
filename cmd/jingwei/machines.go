package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"path/filepath"
	"slices"
	"strings"

	"github.com/google/uuid"

	"jingwei/internal/connect/ingest"
	"jingwei/internal/connect/ingest/mqttjson"
	"jingwei/internal/connect/sim/mqtt"
	"jingwei/internal/kernel/api"
	"jingwei/internal/kernel/auth"
	"jingwei/internal/kernel/file"
	"jingwei/internal/telemetry"
)

// startMachines starts the simulators and the gateways, and tells the node where the simulators listen this time.
func (n *node) startMachines(ctx context.Context, w *world, c *children) error {
	for _, g := range demoGateways {
		err := w.once("gateway/"+g.key, func() (uuid.UUID, error) {
			made, err := n.fleet.Create(ctx, w.Made["org/"+g.org], g.name, w.Made["node/"+g.site])
			return made.ID, err
		})
		if err != nil {
			return err
		}
	}
	for _, l := range demoLinks {
		if err := n.startLink(ctx, w, c, l); err != nil {
			return fmt.Errorf("link %s: %w", l.key, err)
		}
	}
	for _, s := range demoSources {
		if err := n.startSource(ctx, w, c, s); err != nil {
			return fmt.Errorf("source %s: %w", s.key, err)
		}
	}
	for _, g := range demoGateways {
		if err := n.startGateway(ctx, w, c, g); err != nil {
			return fmt.Errorf("gateway %s: %w", g.key, err)
		}
	}
	return nil
}

// startLink starts the simulator behind a link, tells the link where it is, and connects its machines.
func (n *node) startLink(ctx context.Context, w *world, c *children, l demoLink) error {
	args := []string{"sim", l.driver, "--listen", sameOrFree(strings.TrimPrefix(w.Address[l.key], "opc.tcp://"))}
	device := map[string]string{"modbus": "--device", "opcua": "--machine"}[l.driver]
	for _, m := range demoMachines {
		if m.via == l.key {
			args = append(args, device, fmt.Sprintf("%s=%s@%d", m.unit, m.template, m.row))
		}
	}
	if l.driver == "opcua" {
		args = append(args, "--identity", filepath.Join(n.cfg.Data, "sim", l.key))
	}
	said, err := c.start(ctx, true, nil, args...)
	if err != nil {
		return err
	}
	w.Address[l.key] = said["ready"]
	if err := w.save(); err != nil {
		return err
	}
	settings := map[string]any{"origin": "replayed"}
	switch l.driver {
	case "modbus":
		settings["address"] = said["ready"]
	case "opcua":
		// What an operator does once on the gateway's page: compare the fingerprint, approve.
		settings["endpoint"], settings["serverFingerprint"] = said["ready"], said["fingerprint"]
	}
	config, err := json.Marshal(settings)
	if err != nil {
		return err
	}
	if id := w.Made["link/"+l.key]; id != uuid.Nil {
		_, err = n.fleet.ChangeLink(ctx, id, nil, config, api.IfMatch{})
	} else {
		err = w.once("link/"+l.key, func() (uuid.UUID, error) {
			made, err := n.fleet.AddLink(ctx, w.Made["gateway/"+l.gateway], l.name, l.driver, config)
			return made.ID, err
		})
	}
	if err != nil {
		return err
	}
	for _, m := range demoMachines {
		if m.via != l.key {
			continue
		}
		machine, link := w.Made["machine/"+m.key], w.Made["link/"+l.key]
		if now, err := n.fleet.Connection(ctx, machine); err == nil && now.Link == link {
			continue
		}
		if _, err := n.fleet.Connect(ctx, machine, link, m.unit); err != nil {
			return err
		}
	}
	return nil
}

// startSource makes a source, gives it a credential, feeds its machines from its devices, and starts the simulator that
// sends to it over TLS.
func (n *node) startSource(ctx context.Context, w *world, c *children, s demoSource) error {
	config, err := s.settings()
	if err != nil {
		return err
	}
	err = w.once("source/"+s.key, func() (uuid.UUID, error) {
		made, err := n.sources.Create(ctx, ingest.Draft{Org: w.Made["org/"+s.org], Name: s.name, Kind: s.kind, Transport: ingest.Broker,
			Config: config, Origin: telemetry.Replayed})
		return made.ID, err
	})
	if err != nil {
		return err
	}
	source := w.Made["source/"+s.key]
	if w.Credential[s.key].ID == "" {
		made, err := n.sources.NewCredential(ctx, source, "demo", "", nil)
		if err != nil {
			return err
		}
		w.Credential[s.key] = credential{made.ID.String(), made.Secret}
		if err := w.save(); err != nil {
			return err
		}
	}
	authority := filepath.Join(n.cfg.Data, "sim", "authority.pem")
	if err := errors.Join(file.MakeDir(file.OS(), filepath.Dir(authority), 0o700), file.WriteAtomic(file.OS(), authority, n.authority.Certificate(), 0o600)); err != nil {
		return err
	}
	args := []string{"sim", s.kind, "--broker", n.endpoints().MQTT, "--ca", authority, "--user", w.Credential[s.key].ID}
	for _, m := range demoMachines {
		if m.via != s.key {
			continue
		}
		args = append(args, "--device", fmt.Sprintf("%s=%s@%d", m.unit, m.template, m.row))
		machine, device := w.Made["machine/"+m.key], s.device(m.unit)
		if now, err := n.sources.Feed(ctx, machine); err == nil && now.Source == source && now.Device == device {
			continue
		}
		if _, err := n.sources.SetFeed(ctx, machine, source, device); err != nil {
			return err
		}
	}
	_, err = c.start(ctx, true, []string{mqtt.PasswordVariable + "=" + w.Credential[s.key].Secret}, args...)
	return err
}

// settings are those of the source's kind.
func (s demoSource) settings() (json.RawMessage, error) {
	if s.preset == "" {
		return json.RawMessage("{}"), nil
	}
	i := slices.IndexFunc(mqttjson.Presets(), func(p mqttjson.Preset) bool { return p.ID == s.preset })
	if i < 0 {
		return nil, fmt.Errorf("there is no preset %q", s.preset)
	}
	return json.Marshal(mqttjson.Presets()[i].Config)
}

// device is what the source calls a device of the simulator.
func (s demoSource) device(unit string) string {
	if s.kind == "sparkplug" {
		return "Jingwei/Line2/" + unit
	}
	return unit
}

// startGateway starts a gateway, with an enrolment code unless it has been enrolled.
func (n *node) startGateway(ctx context.Context, w *world, c *children, g demoGateway) error {
	var env []string
	if v, ok := n.fleet.View(w.Made["gateway/"+g.key]); !ok || v.Enrolled == nil {
		code, err := n.fleet.NewCode(ctx, w.Made["gateway/"+g.key])
		if err != nil {
			return err
		}
		env = append(env, codeVariable+"="+code.Code)
	}
	_, err := c.start(ctx, false, env, "edge", "--data", filepath.Join(n.cfg.Data, g.key), "--journal-max", "256MiB",
		"--link-address", n.linkAddress(), "--log-level", c.level.String())
	return err
}

// demoContext is that of the demo's own work.
func demoContext(ctx context.Context) context.Context { return auth.AsSystem(ctx, "demo") }

// sameOrFree returns the address when it can be listened on, so that the gateway finds its machines where it left them,
// and else one with any free port.
func sameOrFree(address string) string {
	if address != "" {
		if l, err := net.Listen("tcp", address); err == nil {
			_ = l.Close()
			return address
		}
	}
	return "127.0.0.1:0"
}
