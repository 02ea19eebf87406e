package ballot

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"golang.org/x/text/language"

	"github.com/scrutin/scrutin/internal/legible"
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

// checkString accepts a line of text that shows as it reads.
func checkString(s string, limit int) error {
	if err := legible.Check(s, limit); err != nil {
		return fmt.Errorf("%w: %w", ErrMalformed, err)
	}
	return nil
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
			key := [2]string{tag, legible.Appearance(o.title[tag])}
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
