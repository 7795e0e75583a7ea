// Package pack reads packs: the knowledge of a trade as data. A pack is one YAML file with an id, a version, a source
// and its name in Chinese and English; what else it holds is the business of the room that reads it, which gives a Go
// type for it and checks what the type cannot say. Whatever is wrong is told with file, line and column, all of it at
// once, so that whoever writes a pack sees every mistake in one run.
//
// A pack is strict: unknown fields, repeated keys, anchors and aliases are faults. Its file is named after its id.
package pack
