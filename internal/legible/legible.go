// Package legible says which texts may stand in a manifest or a roster: what voters, trustees and
// auditors read, and what a report prints in a table. docs/spec/manifest.md, "Texts".
package legible

import (
	"errors"
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// Check accepts one line of text of at most limit bytes that has a single spelling and shows as it reads:
// valid UTF-8 in normal form C, without control characters, line separators, marks that
// change the direction of writing, characters that show nothing, and code points that are no
// characters of Unicode 15.0.0; beginning with more than a mark on the character before; and with no white space but
// single spaces between other characters, so that columns are set by who writes a table alone.
func Check(s string, limit int) error {
	switch {
	case s == "":
		return errors.New("empty text")
	case len(s) > limit:
		return fmt.Errorf("a text of %d bytes, at most %d allowed", len(s), limit)
	case !utf8.ValidString(s):
		return errors.New("text is not valid UTF-8")
	}
	for i, r := range s {
		if !unicode.Is(assigned, r) || unicode.In(r, unicode.Cc, unicode.Zl, unicode.Zp, unicode.Bidi_Control) ||
			showsNothing(r) || r == utf8.RuneError || unicode.IsSpace(r) && r != ' ' {
			return fmt.Errorf("text has the character %U at byte %d, which is not allowed", r, i)
		}
	}
	if !norm.NFC.IsNormalString(s) {
		return errors.New("text is not in Unicode normal form C, or has more than 30 marks in a row")
	}
	shown := Appearance(s)
	first, _ := utf8.DecodeRuneInString(shown)
	switch {
	case shown == "":
		return errors.New("text shows nothing")
	case unicode.Is(unicode.M, first):
		return fmt.Errorf("text begins with %U, a mark on the character before", first)
	case strings.HasPrefix(shown, " ") || strings.HasSuffix(shown, " "):
		return errors.New("text begins or ends with a space")
	case strings.Contains(shown, "  "):
		return errors.New("text has two spaces in a row")
	}
	return nil
}

// showsNothing reports a character for which a reader sees nothing and that changes none beside it.
func showsNothing(r rune) bool {
	return strings.ContainsRune(blanks, r) || unicode.In(r, unicode.Cf, unicode.Other_Default_Ignorable_Code_Point) &&
		!unicode.Is(unicode.Prepended_Concatenation_Mark, r) && !joins(r)
}

// blanks are the symbols that are blank: of Braille, Egyptian hieroglyphs (two), and music.
const blanks = "\u2800\U00013441\U00013442\U0001d159"

// joins reports the characters that show nothing and choose the form of those beside them, which
// some scripts need: the joiners, and the Mongolian vowel separator.
func joins(r rune) bool { return r == '\u200c' || r == '\u200d' || r == '\u180e' }

// Appearance returns s without what chooses forms: equal appearances can look the same.
func Appearance(s string) string {
	return strings.Map(func(r rune) rune {
		if joins(r) || unicode.Is(unicode.Variation_Selector, r) {
			return -1
		}
		return r
	}, s)
}

// IsPrint is unicode.IsPrint in Unicode 15.0.0.
func IsPrint(r rune) bool { return unicode.Is(assigned, r) && unicode.IsPrint(r) }

// Printable replaces whatever could change how a line reads in which s is shown.
func Printable(s string) string {
	return strings.Map(func(r rune) rune {
		if !IsPrint(r) {
			return unicode.ReplacementChar
		}
		return r
	}, s)
}
