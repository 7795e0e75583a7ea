package gateway

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"jingwei/internal/connect/gateway/document"
	"jingwei/internal/kernel/file"
)

func (s *spool) readPlace() (bool, error) {
	f, err := s.fs.OpenFile(filepath.Join(s.dir, placeFile), os.O_RDONLY, 0)
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("open the spool's place: %w", err)
	}
	defer f.Close()
	size, err := f.Size()
	if err != nil || size > 4096 {
		return false, fmt.Errorf("read the spool's place (%d bytes): %w", size, err)
	}
	b := make([]byte, size)
	if _, err := f.ReadAt(b, 0); err != nil && size > 0 {
		return false, fmt.Errorf("read the spool's place: %w", err)
	}
	if err := json.Unmarshal(b, &s.place); err != nil || s.place.First == 0 || s.place.Epoch == 0 {
		// Without it nothing is lost: a new epoch begins and what is held is sent again, which the node recognises.
		s.log.Warn("the spool's place cannot be read; a new epoch begins", "error", err)
		s.place = place{}
		return false, nil
	}
	return true, nil
}

func (s *spool) savePlace() error {
	s.mu.Lock()
	p, dirty := s.place, s.dirty
	s.dirty = false
	s.mu.Unlock()
	if !dirty {
		return nil
	}
	b, err := json.Marshal(p)
	if err == nil {
		err = file.WriteAtomic(s.fs, filepath.Join(s.dir, placeFile), b, 0o600)
	}
	if err != nil {
		s.mu.Lock()
		s.dirty = true
		s.mu.Unlock()
		return fmt.Errorf("write the spool's place: %w", err)
	}
	return nil
}

func (s *spool) setFull(full bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.full = full
}

// status describes the spool for the node's page.
func (s *spool) status() document.Spool {
	bytes := s.journal.Bytes()
	q := s.aside.status()
	s.mu.Lock()
	defer s.mu.Unlock()
	out := document.Spool{Bytes: bytes, MaxBytes: s.max, Batches: s.durable - min(s.place.Acked, s.durable), Samples: s.rows, Full: s.full,
		Epoch: s.place.Epoch, LastSeq: s.place.seq(s.durable), AckedSeq: s.place.seq(s.place.Acked), Holes: s.place.Holes, Quarantine: q}
	if out.Batches > 0 && s.oldest > 0 {
		t := time.Unix(0, s.oldest).UTC()
		out.Oldest = &t
	}
	return out
}
