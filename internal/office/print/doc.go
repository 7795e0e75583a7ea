// Package print makes paper of what rooms say: PDF of A4 pages with Chinese text, and workbooks of its tables. A room describes a
// Document of blocks (heading, paragraph, names with values, table, slots for signatures and seals); this room sets it. The same
// document gives the same bytes on every machine: measures are whole numbers, and the only time in a file is the one that it is given.
//
// The type is Noto Sans SC Regular, embedded in the program and, cut down to the glyphs that are used, in each file, with a table that
// gives every glyph its character back: text can be searched, copied and read aloud. A character that the type lacks is shown as a
// box, and is still its character when copied.
//
// Sources: ISO 32000-2:2020 (PDF 2.0), written as PDF 1.7; OpenType 1.9.1 (head, hhea, hmtx, maxp, loca, glyf, cmap 4 and 12); GB/T
// 9704-2012 for what stands on a page; font/OFL.txt is the licence of the type (SIL OFL 1.1), which came from the npm package
// @expo-google-fonts/noto-sans-sc 0.4.3 (Google Fonts' static instance).
//
// Files: document.go (nouns), face.go and subset.go (the type), breaking.go (lines), set.go (pages), labels.go (stickers), write.go (PDF), workbook.go.
package print
