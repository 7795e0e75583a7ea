// Package block writes and reads the immutable files in which samples come to rest (docs/formats/block.md, version 1).
//
// A block holds chunks: up to 4,096 samples of one series, in order of source time. What the samples of one device have
// in common (source time, gateway time, status, flags, origin, revision, commit) is a frame, stored once and used by the
// chunks of all its series; a chunk of its own has only the values and a summary. Every page, every frame and every group
// of chunks carries a CRC32C, so that damage is confined to what it hit and is never served as data. Series are named by
// their UUIDs and commits are explained by a table in the block itself: a block can be read on any node.
package block
