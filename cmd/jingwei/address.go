package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"strings"
	"time"

	"github.com/google/uuid"

	"jingwei/internal/connect/ingest"
	"jingwei/internal/kernel/api"
	"jingwei/internal/kernel/file"
)

// clock is true time. Rooms are given that of their ground, which a rehearsal sets back. Deadlines of sockets and measured durations are their own affair.
func clock() time.Time { return time.Now() }

// nodeID reads the node's id, or mints it at the first start.
func nodeID(f file.FS, name string) (uuid.UUID, error) {
	b, err := file.ReadAll(f, name, 1<<10)
	if errors.Is(err, fs.ErrNotExist) {
		id, err := uuid.NewV7()
		if err != nil {
			return uuid.Nil, fmt.Errorf("mint the node's id: %w", err)
		}
		return id, file.WriteAtomic(f, name, []byte(id.String()+"\n"), 0o600)
	}
	if err != nil {
		return uuid.Nil, fmt.Errorf("read the node's id: %w", err)
	}
	id, err := uuid.Parse(strings.TrimSpace(string(b)))
	if err != nil {
		return uuid.Nil, fmt.Errorf("read the node's id from %s: %w; restore the file from a backup", name, err)
	}
	return id, nil
}

// base is the address of the console: plain HTTP on loopback where that is served, else HTTPS.
func (n *node) base() string {
	if n.cfg.HTTP.Address != "" {
		return n.served("http", n.cfg.HTTP.Address)
	}
	return n.served("https", n.cfg.HTTPS.Address)
}

// enrolURL is where gateways enrol: always HTTPS, for they check the node's authority. "" when none is served.
func (n *node) enrolURL() string {
	if n.cfg.HTTPS.Address == "off" {
		return ""
	}
	return n.served("https", n.cfg.HTTPS.Address)
}

// served is a URL for others to call: with the port that is really listened on, and a name instead of "any address".
func (n *node) served(scheme, configured string) string {
	address := configured
	if n.api != nil {
		for _, u := range n.api.Addresses() {
			if rest, ok := strings.CutPrefix(u, scheme+"://"); ok {
				address = rest
			}
		}
	}
	return n.shown(scheme, address)
}

// shown is a URL of an address that is listened on, with a name instead of "any address".
func (n *node) shown(scheme, address string) string {
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		return scheme + "://" + address
	}
	if ip := net.ParseIP(host); n.ground.host() != "" || host == "" || ip != nil && ip.IsUnspecified() {
		host = n.reachable()
	}
	return scheme + "://" + net.JoinHostPort(host, port)
}

// reachable is the name under which others reach this node: the ground's, the first configured, else the host's.
func (n *node) reachable() string {
	if host := n.ground.host(); host != "" {
		return host
	}
	for _, names := range [][]string{n.cfg.Link.Names, n.cfg.HTTPS.Names} {
		if len(names) > 0 {
			return names[0]
		}
	}
	if host, err := os.Hostname(); err == nil {
		return host
	}
	return "localhost"
}

// linkAddress is what gateways are told to dial: host:port, or :port for the host they enrolled with.
func (n *node) linkAddress() string {
	address := n.cfg.Link.Address
	if l := n.linkListener.Load(); l != nil {
		address = (*l).Addr().String()
	}
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		return address
	}
	if name := n.ground.host(); name != "" {
		host = name
	} else if ip := net.ParseIP(host); host == "" || ip != nil && ip.IsUnspecified() {
		if len(n.cfg.Link.Names) == 0 {
			return ":" + port
		}
		host = n.cfg.Link.Names[0]
	}
	return net.JoinHostPort(host, port)
}

// endpoints are where devices that send by themselves reach this node.
func (n *node) endpoints() ingest.Endpoints {
	e := ingest.Endpoints{HTTP: n.base() + "/push", MQTT: n.mqttPlain()}
	if n.cfg.HTTPS.Address != "off" {
		e.HTTP = n.served("https", n.cfg.HTTPS.Address) + "/push"
	}
	if n.broker != nil && n.broker.Secure() != nil {
		e.MQTT = n.shown("mqtts", n.broker.Secure().String())
	}
	return e
}

// mqttPlain is the plain MQTT address, "" where there is none.
func (n *node) mqttPlain() string {
	if n.broker == nil || n.broker.Plain() == nil {
		return ""
	}
	return "mqtt://" + n.broker.Plain().String()
}

// linkDoor is the listener for gateways, as a module.
type linkDoor struct {
	node   *node
	cancel context.CancelFunc
	done   chan error
}

func (d *linkDoor) Name() string { return "link" }

func (d *linkDoor) Start(ctx context.Context) error {
	n := d.node
	if n.cfg.Link.Address == "off" {
		return nil
	}
	accept := n.ground.listen(doorLink)
	if accept == nil {
		accept = func(ctx context.Context) (net.Listener, error) {
			return (&net.ListenConfig{}).Listen(ctx, "tcp", n.cfg.Link.Address)
		}
	}
	ln, err := accept(ctx)
	if err != nil {
		return api.NewListenError(n.cfg.Link.Address, err)
	}
	n.linkListener.Store(&ln)
	running, cancel := context.WithCancel(context.WithoutCancel(ctx))
	d.cancel, d.done = cancel, make(chan error, 1)
	go func() {
		err := n.fleet.Serve(running, ln)
		if err != nil && running.Err() == nil {
			n.fail(fmt.Errorf("serve gateways on %s: %w", ln.Addr(), err))
		}
		d.done <- err
	}()
	return nil
}

func (d *linkDoor) Stop(ctx context.Context) error {
	if d.cancel == nil {
		return nil
	}
	d.cancel()
	select {
	case <-d.done:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
