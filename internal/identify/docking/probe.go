package docking

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"strings"
	"sync"
	"time"

	"jingwei/internal/identify/handle"
	"jingwei/internal/identify/handle/client"
)

// Door is where a node is asked: "udp 192.0.2.1:2641".
type Door struct {
	Protocol handle.Protocol
	Address  netip.AddrPort
}

// String is such as "udp 192.0.2.1:2641".
func (d Door) String() string { return strings.ToLower(d.Protocol.String()) + " " + d.Address.String() }

// ParseDoor reads what String wrote.
func ParseDoor(s string) (Door, error) {
	name, address, _ := strings.Cut(s, " ")
	for _, p := range []handle.Protocol{handle.UDP, handle.TCP, handle.HTTP} {
		if strings.EqualFold(name, p.String()) {
			a, err := netip.ParseAddrPort(strings.TrimSpace(address))
			if err != nil || a.Port() == 0 {
				return Door{}, fmt.Errorf("%q is no address with a port", address)
			}
			return Door{p, a}, nil
		}
	}
	return Door{}, fmt.Errorf("%q is none of udp, tcp and http", name)
}

// Answer is what a probe of one door found.
type Answer struct {
	Door Door
	At   time.Time
	Took time.Duration
	Well bool
	What string // why not
}

// Prober asks nodes.
type Prober struct {
	Client *client.Client
	Now    func() time.Time
}

// probeTime is how long a node has for an answer. The guide's probes are as patient.
const probeTime = 5 * time.Second

// Ask asks every door of a node, all at once. A node answers well when it resolves its probe handle, or tells its site where none is named.
func (p *Prober) Ask(ctx context.Context, n *Node) []Answer {
	out := make([]Answer, len(n.Doors))
	var all sync.WaitGroup
	for i, d := range n.Doors {
		all.Go(func() { out[i] = p.ask(ctx, n, d) })
	}
	all.Wait()
	return out
}

func (p *Prober) ask(ctx context.Context, n *Node, d Door) Answer {
	ctx, cancel := context.WithTimeout(ctx, probeTime)
	defer cancel()
	a := Answer{Door: d, At: p.Now()}
	to := client.Target{Protocol: d.Protocol, Address: d.Address}
	var err error
	if n.Probe == "" {
		_, err = p.Client.Site(ctx, to)
	} else {
		var name handle.Name
		name, _, err = p.Client.Resolve(ctx, to, handle.Question{Name: n.Probe}, handle.FlagPublicOnly, nil)
		if err == nil && !name.Same(n.Probe) {
			err = fmt.Errorf("it answered with %s", name)
		}
	}
	a.Took, a.Well = p.Now().Sub(a.At), err == nil
	var refused *handle.Refusal
	switch {
	case err == nil:
	case errors.Is(err, context.DeadlineExceeded):
		a.What = "no answer"
	case errors.As(err, &refused):
		a.What = fmt.Sprintf("code %d", refused.Code)
	default:
		a.What = cut(err.Error())
	}
	return a
}

// cut shortens words for the records.
func cut(s string) string {
	const most = 200
	if r := []rune(s); len(r) > most {
		return string(r[:most-1]) + "…"
	}
	return s
}

// Health is what the probes say of a node.
type Health struct {
	Down   bool
	Streak int // rounds in a row that say otherwise than Down
}

// When a node counts as down: where this share of its doors did not answer, so many rounds in a row. The share is that of the guide
// (annex 4: taken over when at least 51 % of the probes see no resolution); the rounds keep a single lost packet from being an event.
const (
	downShare  = 51 // percent
	downRounds = 3
	upRounds   = 2
)

// After is the health after a further round of probes, and whether it has turned.
func (h Health) After(answers []Answer) (next Health, turned bool) {
	silent := 0
	for _, a := range answers {
		if !a.Well {
			silent++
		}
	}
	if len(answers) == 0 {
		return h, false
	}
	if bad := silent*100 >= downShare*len(answers); bad == h.Down {
		return Health{Down: h.Down}, false
	}
	h.Streak++
	if !h.Down && h.Streak < downRounds || h.Down && h.Streak < upRounds {
		return h, false
	}
	return Health{Down: !h.Down}, true
}
