package ballot

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/language"
	"golang.org/x/text/unicode/norm"
)

// Text is one text in several languages: canonical BCP 47 tag ("en", "pt-BR") to text.
// Every text of a manifest has the same languages.
type Text map[string]string

func (t Text) languages() []string { return slices.Sorted(maps.Keys(t)) }

// checkText refuses a text whose languages are not exactly these.
func checkText(t Text, languages []string) error {
	if have := t.languages(); !slices.Equal(have, languages) {
		return fmt.Errorf("%w: languages other than %q: every text of a manifest has the same", ErrMalformed, languages)
	}
	for _, tag := range languages {
		if err := checkString(t[tag], MaxTextBytes); err != nil {
			return fmt.Errorf("language %s: %w", tag, err)
		}
	}
	return nil
}

func checkLanguages(languages []string) error {
	if n := len(languages); n < 1 || n > MaxLanguages {
		return fmt.Errorf("%w: %d languages, 1 to %d allowed", ErrMalformed, n, MaxLanguages)
	}
	for _, s := range languages {
		if len(s) > MaxLanguageBytes {
			return fmt.Errorf("%w: a language tag of %d bytes, at most %d allowed", ErrMalformed, len(s), MaxLanguageBytes)
		}
		tag, err := language.Parse(s)
		if err != nil || tag == language.Und {
			return fmt.Errorf("%w: %q is no language tag (BCP 47)", ErrMalformed, s)
		}
		if c := tag.String(); c != s {
			return fmt.Errorf("%w: language tag %q is not canonical, write %q", ErrMalformed, s, c)
		}
	}
	return nil
}

// checkString accepts one line of text that has a single spelling and shows as it reads:
// valid UTF-8 in normal form C, without control characters, line separators, marks that
// change the direction of writing, characters that show nothing, and code points that are no
// characters; beginning with more than a mark on the character before; and with no white space but
// single spaces between other characters, so that columns are set by who writes a table alone.
func checkString(s string, limit int) error {
	switch {
	case s == "":
		return fmt.Errorf("%w: empty text", ErrMalformed)
	case len(s) > limit:
		return fmt.Errorf("%w: a text of %d bytes, at most %d allowed", ErrMalformed, len(s), limit)
	case !utf8.ValidString(s):
		return fmt.Errorf("%w: text is not valid UTF-8", ErrMalformed)
	}
	for i, r := range s {
		if unicode.In(r, unicode.Cc, unicode.Zl, unicode.Zp, unicode.Co,
			unicode.Bidi_Control, unicode.Noncharacter_Code_Point) || showsNothing(r) || r == utf8.RuneError ||
			unicode.IsSpace(r) && r != ' ' {
			return fmt.Errorf("%w: text has the character %U at byte %d, which is not allowed", ErrMalformed, r, i)
		}
	}
	if !norm.NFC.IsNormalString(s) {
		return fmt.Errorf("%w: text is not in Unicode normal form C", ErrMalformed)
	}
	shown := appearance(s)
	first, _ := utf8.DecodeRuneInString(shown)
	switch {
	case shown == "":
		return fmt.Errorf("%w: text shows nothing", ErrMalformed)
	case unicode.Is(unicode.M, first):
		return fmt.Errorf("%w: text begins with %U, a mark on the character before", ErrMalformed, first)
	case strings.HasPrefix(shown, " ") || strings.HasSuffix(shown, " "):
		return fmt.Errorf("%w: text begins or ends with a space", ErrMalformed)
	case strings.Contains(shown, "  "):
		return fmt.Errorf("%w: text has two spaces in a row", ErrMalformed)
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

// appearance returns s without what chooses forms: equal appearances can look the same.
func appearance(s string) string {
	return strings.Map(func(r rune) rune {
		if joins(r) || unicode.Is(unicode.Variation_Selector, r) {
			return -1
		}
		return r
	}, s)
}

// checkID accepts 1 to 32 characters a-z, 0-9 and "-".
func checkID(id string) error {
	if len(id) < 1 || len(id) > MaxIDBytes {
		return fmt.Errorf("%w: an id of %d bytes, 1 to %d allowed", ErrMalformed, len(id), MaxIDBytes)
	}
	for i := range len(id) {
		if c := id[i]; (c < 'a' || c > 'z') && (c < '0' || c > '9') && c != '-' {
			return fmt.Errorf("%w: id %q has characters other than a-z, 0-9 and -", ErrMalformed, id)
		}
	}
	return nil
}

// named is what has an id and a title: an option, a grade.
type named struct {
	id    string
	title Text
}

// checkNamed refuses a list in which an id comes twice, or in which two titles of one language look
// the same; and ids and titles that checkID and checkText refuse.
func checkNamed(what string, list []named, languages []string) error {
	seen := map[string]bool{}
	shown := map[[2]string]int{} // language and appearance -> number
	for i, o := range list {
		if err := checkID(o.id); err != nil {
			return fmt.Errorf("%s %d: %w", what, i+1, err)
		}
		if seen[o.id] {
			return fmt.Errorf("%w: %s %d: id %q again", ErrMalformed, what, i+1, o.id)
		}
		seen[o.id] = true
		if err := checkText(o.title, languages); err != nil {
			return fmt.Errorf("%s %d: title: %w", what, i+1, err)
		}
		for _, tag := range languages {
			key := [2]string{tag, appearance(o.title[tag])}
			if twin := shown[key]; twin != 0 {
				return fmt.Errorf("%w: %s %d: title: in the language %s it looks like that of %s %d", ErrMalformed, what, i+1, tag, what, twin)
			}
			shown[key] = i + 1
		}
	}
	return nil
}

// checkURI accepts an absolute URI in printable ASCII: a scheme in lower case, a colon, and
// something after it.
func checkURI(s string) error {
	const lower = "abcdefghijklmnopqrstuvwxyz"
	if len(s) < 1 || len(s) > MaxTextBytes {
		return fmt.Errorf("%w: a URI of %d bytes, 1 to %d allowed", ErrMalformed, len(s), MaxTextBytes)
	}
	for i := range len(s) {
		if s[i] <= ' ' || s[i] > '~' {
			return fmt.Errorf("%w: URI %q has characters other than printable ASCII", ErrMalformed, s)
		}
	}
	scheme, rest, _ := strings.Cut(s, ":")
	if strings.Trim(scheme, lower+"0123456789+.-") != "" || strings.Trim(s[:1], lower) != "" || rest == "" {
		return fmt.Errorf("%w: %q is no absolute URI", ErrMalformed, s)
	}
	return nil
}

func cloneText(t Text) Text { return maps.Clone(t) }
