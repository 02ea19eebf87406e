package qr

import (
	"bytes"
	"image"
	"image/color"
	"image/png"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/require"
)

// grid reads the modules back from a picture, true for dark, and checks that it has two colours
// and whole modules.
func grid(t *testing.T, encoded []byte) [][]bool {
	t.Helper()
	decoded, err := png.Decode(bytes.NewReader(encoded))
	require.NoError(t, err)
	picture, ok := decoded.(*image.Paletted)
	require.True(t, ok)
	require.Equal(t, color.Palette{color.RGBA{255, 255, 255, 255}, color.RGBA{0, 0, 0, 255}}, picture.Palette)
	side := picture.Bounds().Dx()
	require.Equal(t, image.Rect(0, 0, side, side), picture.Bounds())
	require.Zero(t, side%scale)
	out := make([][]bool, side/scale)
	for y := range out {
		out[y] = make([]bool, side/scale)
		for x := range out[y] {
			out[y][x] = picture.ColorIndexAt(x*scale, y*scale) == 1
		}
	}
	for y := range side {
		for x := range side {
			if out[y/scale][x/scale] != (picture.ColorIndexAt(x, y) == 1) {
				t.Fatalf("pixel %d, %d is not of its module", x, y)
			}
		}
	}
	return out
}

func TestPictureHasMarginAndFinders(t *testing.T) {
	for _, n := range []int{1, 30, 400, 1250, MaxBytes} {
		encoded, err := PNG(bytes.Repeat([]byte("r"), n))
		require.NoError(t, err)
		require.Less(t, len(encoded), 64<<10)
		g := grid(t, encoded)
		side := len(g) - 2*quiet
		require.Equal(t, 1, side%4, "17 + 4 * version modules")
		for i := range g {
			for k := range quiet {
				if g[i][k] || g[k][i] || g[i][len(g)-1-k] || g[len(g)-1-k][i] {
					t.Fatal("something stands in the margin")
				}
			}
		}
		for _, corner := range [][2]int{{0, 0}, {0, side - 7}, {side - 7, 0}} {
			for y := range 7 {
				for x := range 7 {
					ring := max(abs(x-3), abs(y-3))
					require.Equal(t, ring != 2, g[quiet+corner[0]+y][quiet+corner[1]+x])
				}
			}
		}
	}
}

func abs(n int) int { return max(n, -n) }

func TestTerminalShowsThePicture(t *testing.T) {
	for _, content := range []string{"a", "— log.example.org/box\n", strings.Repeat("receipt ", 50)} {
		encoded, err := PNG([]byte(content))
		require.NoError(t, err)
		g := grid(t, encoded)
		text, err := Terminal([]byte(content))
		require.NoError(t, err)
		lines := strings.Split(strings.TrimSuffix(text, "\n"), "\n")
		require.Len(t, lines, (len(g)+1)/2)
		for y, line := range lines {
			require.Equal(t, len(g), utf8.RuneCountInString(line))
			for x, r := range []rune(line) {
				light := 2*y+1 < len(g) && !g[2*y+1][x]
				if !g[2*y][x] != (r == '█' || r == '▀') || light != (r == '█' || r == '▄') {
					t.Fatalf("line %d, character %d: %c", y, x, r)
				}
			}
		}
	}
}

func TestRefusesWhatDoesNotFit(t *testing.T) {
	for _, content := range [][]byte{nil, {}, make([]byte, MaxBytes+1), make([]byte, 1<<20)} {
		_, err := PNG(content)
		require.ErrorContains(t, err, "do not fit")
		_, err = Terminal(content)
		require.ErrorContains(t, err, "do not fit")
	}
}

// A scanner would be told that it is UTF-8, and read something else.
func TestRefusesWhatIsNotUTF8(t *testing.T) {
	for _, content := range []string{"\xff", "receipt \xc3", "\xed\xa0\x80"} {
		_, err := PNG([]byte(content))
		require.ErrorContains(t, err, "UTF-8")
		_, err = Terminal([]byte(content))
		require.ErrorContains(t, err, "UTF-8")
	}
}

func TestOneCodeForOneContent(t *testing.T) {
	a, err := PNG([]byte("receipt a"))
	require.NoError(t, err)
	again, err := PNG([]byte("receipt a"))
	require.NoError(t, err)
	b, err := PNG([]byte("receipt b"))
	require.NoError(t, err)
	require.Equal(t, a, again)
	require.NotEqual(t, grid(t, a), grid(t, b))
}
