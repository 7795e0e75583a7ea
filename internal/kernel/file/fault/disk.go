package fault

import (
	"errors"
	"maps"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"strings"
	"sync"

	"jingwei/internal/kernel/file"
)

// ErrPowerOff is what every operation returns while the power is off, and what handles from before a crash return
// ever after.
var ErrPowerOff = errors.New("the disk has lost its power")

const (
	sectorBytes = 512
	pageBytes   = 4096
	keptEvents  = 1 << 14
)

// Disk is a file.FS in memory. Safe for concurrent use. It begins empty, with the directories "/" and "/tmp".
type Disk struct {
	mu      sync.Mutex
	rng     *rand.Rand
	life    uint64 // counts crashes and kills; handles belong to one life
	off     bool
	names   map[string]*node // what the running system sees
	durable map[string]*node // what a crash leaves for certain
	pending []nameOp         // what lies between the two, oldest first
	locks   map[string]uint64
	lockSeq uint64

	limit     int64 // bytes; negative: none
	used      int64
	readOnly  bool
	faults    []*Fault
	countdown int // mutating operations until the power fails, or the process is killed; 0: never
	kill      bool
	hook      func(Event)
	events    []Event
}

var _ file.FS = (*Disk)(nil)

// NewDisk returns an empty disk. The seed decides what survives a crash.
func NewDisk(seed uint64) *Disk {
	d := &Disk{
		rng:     rand.New(rand.NewPCG(seed, 0x6a696e67776569)),
		names:   map[string]*node{},
		durable: map[string]*node{},
		locks:   map[string]uint64{},
		limit:   -1,
	}
	for _, dir := range []string{root, filepath.Join(root, "tmp")} {
		n := &node{dir: true, mode: 0o755}
		d.names[dir], d.durable[dir] = n, n
	}
	return d
}

// Crash is a loss of power and its return: open files and locks are dead, and of what was not synced a random part is
// left. The next OpenFile sees what a machine would find after the restart.
func (d *Disk) Crash() {
	d.PowerOff()
	d.PowerOn()
}

// PowerOff is the first half of Crash: from now on every operation fails with ErrPowerOff, so that a program under
// test which has not yet noticed cannot touch the disk.
func (d *Disk) PowerOff() {
	d.mu.Lock()
	if !d.off {
		d.powerOff()
	}
	d.mu.Unlock()
	d.event(Event{Op: "crash"})
}

// PowerOn ends PowerOff, PowerOffAfter and KillAfter. Injected faults, the size limit and read-only stay as they are.
func (d *Disk) PowerOn() {
	d.mu.Lock()
	d.off = false
	d.mu.Unlock()
}

// PowerOffAfter lets n operations that change the disk (writes, syncs, names) pass and loses power in the middle of
// the one after them, which returns ErrPowerOff. A negative n takes the order back.
func (d *Disk) PowerOffAfter(n int) {
	d.after(n, false)
}

// KillAfter is PowerOffAfter for Kill: the operation is done, its caller does not learn of it, and until PowerOn every
// further one fails with ErrPowerOff.
func (d *Disk) KillAfter(n int) { d.after(n, true) }

func (d *Disk) after(n int, kill bool) {
	d.mu.Lock()
	d.countdown, d.kill = n+1, kill
	if n < 0 {
		d.countdown = 0
	}
	d.mu.Unlock()
}

// IsOff tells whether the power is off, or a KillAfter has come true.
func (d *Disk) IsOff() bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.off
}

// Kill is the end of the process only (kill -9): open files and locks are dead, and the page cache lives on.
func (d *Disk) Kill() {
	d.mu.Lock()
	d.killed()
	d.mu.Unlock()
	d.event(Event{Op: "kill"})
}

func (d *Disk) killed() {
	d.life++
	clear(d.locks)
	d.recount()
}

func (d *Disk) powerOff() {
	d.off = true
	d.life++
	d.countdown = 0
	clear(d.locks)
	for _, op := range d.survivors() {
		op.apply(d.durable)
	}
	d.pending = nil
	for name := range d.durable { // an entry in a lost directory is lost
		for p := name; p != root; {
			p = filepath.Dir(p)
			if parent := d.durable[p]; parent == nil || !parent.dir {
				delete(d.durable, name)
				break
			}
		}
	}
	d.names = make(map[string]*node, len(d.durable))
	done := map[*node]bool{}
	for _, name := range slices.Sorted(maps.Keys(d.durable)) { // the same seed must give the same crash
		n := d.durable[name]
		d.names[name] = n
		if !done[n] {
			done[n] = true
			n.crash(d.rng)
		}
	}
	d.recount()
}

// survivors picks the unsynced name operations that outlive a crash, in order.
func (d *Disk) survivors() []nameOp {
	switch d.rng.IntN(4) {
	case 0:
		return nil
	case 1:
		return d.pending
	case 2: // as a journalling file system does: a prefix of everything
		return d.pending[:d.rng.IntN(len(d.pending)+1)]
	}
	// Operations that share a name, through others even, keep their order; groups of them are independent.
	group := make([]int, len(d.pending))
	for i := range d.pending {
		group[i] = i
		for j := 0; j < i; j++ {
			if d.pending[i].shares(d.pending[j]) && group[i] != group[j] {
				from := group[i]
				for k := 0; k <= i; k++ {
					if group[k] == from {
						group[k] = group[j]
					}
				}
			}
		}
	}
	stop := map[int]bool{}
	var kept []nameOp
	for i, op := range d.pending {
		if !stop[group[i]] && d.rng.IntN(3) == 0 {
			stop[group[i]] = true
		}
		if !stop[group[i]] {
			kept = append(kept, op)
		}
	}
	return kept
}

// recount computes the used bytes anew, after names changed wholesale.
func (d *Disk) recount() {
	d.used = 0
	seen := map[*node]bool{}
	for _, n := range d.names {
		if !seen[n] {
			seen[n] = true
			n.links, n.opens = 0, 0
			d.used += n.usage()
		}
		n.links++
	}
}

const root = string(filepath.Separator)

// clean makes one name of the many that mean the same; relative names are relative to the root.
func clean(name string) string { return filepath.Join(root, name) }

// nameOp is one unsynced change of directories.
type nameOp struct {
	from string // the entry that goes away ("" for a creation)
	to   string // the entry that appears ("" for a removal)
	node *node  // what to names
}

func (o nameOp) shares(p nameOp) bool {
	for _, a := range []string{o.from, o.to} {
		if a != "" && (a == p.from || a == p.to) {
			return true
		}
	}
	return false
}

func (o nameOp) touches(dir string) bool {
	return o.from != "" && filepath.Dir(o.from) == dir || o.to != "" && filepath.Dir(o.to) == dir
}

func (o nameOp) apply(names map[string]*node) {
	if o.from != "" {
		delete(names, o.from)
	}
	if o.to == "" {
		return
	}
	names[o.to] = o.node
	if o.from == "" || !o.node.dir {
		return
	}
	inside := o.from + root
	for name, n := range names {
		if strings.HasPrefix(name, inside) {
			delete(names, name)
			names[filepath.Join(o.to, name[len(inside):])] = n
		}
	}
}

// settle makes the pending operations in dir durable, and with them the older ones they rest on.
func (d *Disk) settle(dir string) {
	take := make([]bool, len(d.pending))
	for i := len(d.pending) - 1; i >= 0; i-- {
		take[i] = d.pending[i].touches(dir)
		for j := i + 1; j < len(d.pending) && !take[i]; j++ {
			take[i] = take[j] && d.pending[i].shares(d.pending[j])
		}
	}
	var rest []nameOp
	for i, op := range d.pending {
		if take[i] {
			op.apply(d.durable)
		} else {
			rest = append(rest, op)
		}
	}
	d.pending = rest
}
