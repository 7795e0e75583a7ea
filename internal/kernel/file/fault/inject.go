package fault

import (
	"path/filepath"
	"slices"
)

// Event is one thing that happened to the disk.
type Event struct {
	// Op is open, create, mkdir, read, write, truncate, allocate, datasync-start, datasync, syncdir, rename, remove,
	// crash or kill. datasync-start comes before a Datasync begins, every other one after the operation.
	Op   string
	Name string // clean absolute path
	To   string // rename: the new name
	Off  int64
	N    int
	Err  error // what the operation returned
}

// Fault makes operations fail.
type Fault struct {
	Op    string // as in Event
	Name  string // pattern of the base name (filepath.Match); "" is every file
	Skip  int    // matching operations that pass first
	Times int    // how many fail then; 0 is one, negative is all
	Err   error
	Part  bool // a write does half of its bytes before it fails
}

// Inject adds a fault.
func (d *Disk) Inject(f Fault) {
	if f.Times == 0 {
		f.Times = 1
	}
	d.mu.Lock()
	d.faults = append(d.faults, &f)
	d.mu.Unlock()
}

// FailDatasync makes the n-th Datasync from now fail (1 is the next).
func (d *Disk) FailDatasync(n int, err error) { d.Inject(Fault{Op: "datasync", Skip: n - 1, Err: err}) }

// Heal takes all injected faults, the size limit and read-only back. What was lost stays lost.
func (d *Disk) Heal() {
	d.mu.Lock()
	d.faults, d.limit, d.readOnly = nil, -1, false
	d.mu.Unlock()
}

// Limit bounds the bytes of all files; beyond it writes do what fits and fail with ENOSPC. Negative: no bound.
func (d *Disk) Limit(bytes int64) {
	d.mu.Lock()
	d.limit = bytes
	d.mu.Unlock()
}

// Used returns the bytes that count against the limit.
func (d *Disk) Used() int64 {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.used
}

// SetReadOnly makes everything that would change the disk fail with EROFS.
func (d *Disk) SetReadOnly(on bool) {
	d.mu.Lock()
	d.readOnly = on
	d.mu.Unlock()
}

// Damage changes bytes behind the back of everybody, as rot on the medium does: each of the n bytes at off is
// complemented, durably. The name must exist.
func (d *Disk) Damage(name string, off int64, n int) {
	d.mu.Lock()
	defer d.mu.Unlock()
	f := d.names[clean(name)]
	for _, c := range []*content{&f.now, &f.safe} {
		p := make([]byte, n)
		c.read(p, off)
		for i := range p {
			p[i] = ^p[i]
		}
		c.write(p, off)
	}
}

// OnEvent calls hook after every operation (and before a Datasync), on the goroutine that does it and without holding
// the disk: the hook may wait, and may use the disk. nil ends it.
func (d *Disk) OnEvent(hook func(Event)) {
	d.mu.Lock()
	d.hook = hook
	d.mu.Unlock()
}

// Events returns the last events (up to 16,384) but reads, oldest first.
func (d *Disk) Events() []Event {
	d.mu.Lock()
	defer d.mu.Unlock()
	return slices.Clone(d.events)
}

func (d *Disk) event(e Event) {
	d.mu.Lock()
	if e.Op != "read" {
		if len(d.events) >= keptEvents {
			d.events = append(d.events[:0], d.events[keptEvents/2:]...)
		}
		d.events = append(d.events, e)
	}
	hook := d.hook
	d.mu.Unlock()
	if hook != nil {
		hook(e)
	}
}

// fault returns the fault that strikes op on name now, if any.
func (d *Disk) fault(op, name string) *Fault {
	for _, f := range d.faults {
		if f.Op != op || f.Times == 0 {
			continue
		}
		if ok, _ := filepath.Match(f.Name, filepath.Base(name)); !ok && f.Name != "" {
			continue
		}
		if f.Skip > 0 {
			f.Skip--
			continue
		}
		if f.Times > 0 {
			f.Times--
		}
		return f
	}
	return nil
}
