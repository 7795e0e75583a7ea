package trace

// put writes events with all that belongs to them.
func (w *writing) put(j *job, keep []*entry) error {
	if len(keep) == 0 {
		return nil
	}
	nums, err := w.number(keep)
	if err != nil {
		return err
	}
	parties, err := w.parties()
	if err != nil {
		return err
	}
	var texts [][]byte
	size := 0
	flush := func() error {
		if len(texts) == 0 {
			return nil
		}
		err := w.pages.add(w.next.page, w.l.pages.pack(texts))
		w.next.page++
		texts, size = texts[:0], 0
		return err
	}
	for _, x := range keep {
		if err := w.event(j, x, nums, len(texts), parties); err != nil {
			return err
		}
		texts, size = append(texts, x.text), size+len(x.text)
		if len(texts) == pageEvents || size >= pageBytes {
			if err := flush(); err != nil {
				return err
			}
		}
	}
	return flush()
}

// number finds or gives the numbers of all identifiers of events.
func (w *writing) number(keep []*entry) (map[string]int64, error) {
	var keys []string
	seen := map[string]bool{}
	put := func(key string) {
		if key != "" && !seen[key] {
			seen[key], keys = true, append(keys, key)
		}
	}
	for _, x := range keep {
		for i := range x.members {
			put(x.members[i].key)
		}
		put(x.event.Step)
		put(x.event.Disposition)
	}
	var ask []string
	nums := make(map[string]int64, len(keys))
	for _, k := range keys {
		if n, ok := w.fresh[k]; ok {
			nums[k] = n
		} else {
			ask = append(ask, k)
		}
	}
	found, err := w.l.find(w.ctx, w.tx.Tx, ask)
	if err != nil {
		return nil, err
	}
	for k, n := range found {
		nums[k], w.fresh[k] = n, n
	}
	err = w.l.insertNames(w.names, ask, &w.next.name, nums)
	for _, k := range ask {
		w.fresh[k] = nums[k]
	}
	return nums, err
}

func (w *writing) event(j *job, x *entry, nums map[string]int64, slot int, parties map[int64]int64) error {
	e, num := x.event, w.next.event
	w.next.event++
	list := make([]member, len(x.members))
	var point, place int64
	for i := range x.members {
		m := &x.members[i]
		if m.role == RoleDeclares {
			list[i] = m.member
			continue
		}
		m.name = nums[m.key]
		list[i] = m.member
		switch m.role {
		case RolePoint:
			point = m.name
		case RolePlace:
			place = m.name
		}
		if err := w.links.add(m.name, num, int64(m.role)); err != nil {
			return err
		}
		if m.role == RoleSource || m.role == RoleDestination {
			if org, ok := parties[m.name]; ok && org != j.orgNum {
				if err := w.shares.add(num, org); err != nil {
					return err
				}
			}
		}
	}
	step, disposition := nums[e.Step], nums[e.Disposition]
	for kind, name := range []int64{kinds[e.Type], step, disposition, point, place} {
		key := [3]int64{j.orgNum, int64(kind), name}
		if name == 0 || w.usedSeen[key] {
			continue
		}
		w.usedSeen[key] = true
		if err := w.used.add(key[0], key[1], key[2]); err != nil {
			return err
		}
	}
	return w.events.add(num, j.orgNum, w.next.capture, kinds[e.Type], actions[e.Action], e.Time.At.UnixNano(), step, disposition, point, place, x.flags(),
		w.next.page, int64(slot), x.print, x.ident, x.digest[:], appendMembers(nil, list))
}

// parties are the organisations of this node that identifiers stand for.
func (w *writing) parties() (map[int64]int64, error) {
	rows, err := partyRows(w.ctx, w.tx.Tx)
	if err != nil {
		return nil, err
	}
	var keys []string
	for key := range rows {
		keys = append(keys, key)
	}
	found, err := w.l.find(w.ctx, w.tx.Tx, keys)
	if err != nil {
		return nil, err
	}
	out := map[int64]int64{}
	for key, org := range rows {
		name, ok := found[key]
		if !ok {
			name, ok = w.fresh[key]
		}
		if n, known := w.l.orgs.known(org); ok && known {
			out[name] = n
		}
	}
	return out, nil
}
