"""Drawn pictures that show no place: documents, screens, charts, plans, codes, noise.

Everything is drawn from seeded random numbers. Words are made up of syllables: they say nothing.
"""

import math
import random

import numpy as np
from PIL import Image, ImageDraw, ImageFilter, ImageFont

WIDTH, HEIGHT = 320, 240
INK = (30, 30, 36)
COLOURS = [(31, 119, 180), (255, 127, 14), (44, 160, 44), (214, 39, 40), (148, 103, 189), (140, 86, 75)]
SYLLABLES = "ba co de fi gu ha jo ka le mi no pu ra se ti vo wu za el or an".split()


def font(size):
    return ImageFont.load_default(size)


def canvas(colour=(255, 255, 255), size=(WIDTH, HEIGHT)):
    image = Image.new("RGB", size, colour)
    return image, ImageDraw.Draw(image)


def word(rng):
    return "".join(rng.choice(SYLLABLES) for _ in range(rng.randint(1, 4)))


def line_of(rng, draw, face, width):
    text = word(rng).capitalize()
    while True:
        longer = f"{text} {word(rng)}"
        if draw.textlength(longer, face) > width:
            return text
        text = longer


def paragraph(rng, draw, box, size=9, fill=INK, last=0.5):
    left, top, right, bottom = box
    face, step = font(size), size + 4
    lines = int((bottom - top) // step)
    for number in range(lines):
        width = (right - left) * (last if number == lines - 1 else 1)
        draw.text((left, top + number * step), line_of(rng, draw, face, width), INK if fill is None else fill, face)


# Documents

def letter():
    rng, (image, draw) = random.Random(1), canvas((250, 249, 244), (226, 320))
    paragraph(rng, draw, (20, 16, 100, 44), 8, last=0.7)
    draw.text((20, 66), f"{word(rng).capitalize()} {word(rng)},", INK, font(10))
    for top in (86, 150, 214):
        paragraph(rng, draw, (20, top, 206, top + 52), 8)
    draw.text((20, 282), word(rng).capitalize(), (40, 60, 150), font(14))
    return image


def two_columns():
    rng, (image, draw) = random.Random(2), canvas(size=(240, 320))
    draw.text((24, 14), line_of(rng, draw, font(15), 190), INK, font(15))
    for left in (16, 126):
        paragraph(rng, draw, (left, 44, left + 98, 176), 7)
        paragraph(rng, draw, (left, 186, left + 98, 310), 7)
    draw.rectangle((126, 186, 224, 250), (235, 235, 235), INK)
    return image


def receipt():
    rng, (image, draw) = random.Random(3), canvas((244, 244, 240), (170, 320))
    draw.text((40, 10), word(rng).upper() + " " + word(rng).upper(), INK, font(14))
    total = 0
    for number in range(14):
        price = rng.randint(50, 3000)
        total += price
        draw.text((10, 40 + 15 * number), word(rng), INK, font(10))
        draw.text((160, 40 + 15 * number), f"{price / 100:.2f}", INK, font(10), anchor="ra")
    draw.line((10, 256, 160, 256), INK)
    draw.text((160, 262), f"{total / 100:.2f}", INK, font(16), anchor="ra")
    for x in range(20, 150):
        if rng.random() < 0.55:
            draw.line((x, 288, x, 312), INK)
    return image


def spreadsheet():
    rng, (image, draw) = random.Random(4), canvas()
    draw.rectangle((0, 0, WIDTH, 18), (33, 115, 70))
    for column in range(7):
        draw.rectangle((column * 46, 18, column * 46 + 46, 32), (230, 230, 230), (190, 190, 190))
        draw.text((column * 46 + 20, 20), "ABCDEFG"[column], INK, font(9))
    for row in range(15):
        for column in range(7):
            box = (column * 46, 32 + row * 14, column * 46 + 46, 46 + row * 14)
            draw.rectangle(box, (255, 248, 200) if (row, column) == (4, 2) else (255, 255, 255), (210, 210, 210))
            text = word(rng)[:7] if column == 0 else str(rng.randint(0, 9999))
            draw.text((box[2] - 4, box[1] + 2), text, INK, font(9), anchor="ra")
    return image


def sheet_music():
    rng, (image, draw) = random.Random(5), canvas((253, 252, 246))
    for staff in range(4):
        top = 20 + 56 * staff
        for line in range(5):
            draw.line((10, top + 6 * line, 310, top + 6 * line), INK)
        for x in range(34, 306, 19):
            y = top + 3 * rng.randint(-1, 9)
            full = rng.random() < 0.7
            draw.ellipse((x - 4, y - 3, x + 4, y + 3), INK if full else (253, 252, 246), INK)
            draw.line((x + 4, y, x + 4, y - 20) if y > top + 12 else (x - 4, y, x - 4, y + 20), INK)
        for x in (10, 110, 210, 310):
            draw.line((x, top, x, top + 24), INK)
    return image


def scrawl():
    rng, (image, draw) = random.Random(6), canvas((255, 253, 232))
    for y in range(24, HEIGHT, 20):
        draw.line((0, y, WIDTH, y), (200, 215, 235))
    for row in range(9):
        x, points = 14.0, []
        while x < rng.randint(230, 306):
            points.append((x, 38 + row * 20 + rng.uniform(-8, 5)))
            x += rng.uniform(1.5, 6)
            if rng.random() < 0.12:
                draw.line(points, (20, 30, 120), 2, joint="curve")
                points, x = [], x + 7
        if len(points) > 1:
            draw.line(points, (20, 30, 120), 2, joint="curve")
    return image


# Screens

def window(draw, box, title):
    draw.rectangle((box[0] + 3, box[1] + 3, box[2] + 3, box[3] + 3), (60, 66, 80))
    draw.rectangle(box, (246, 246, 248), (90, 96, 110))
    draw.rectangle((box[0], box[1], box[2], box[1] + 15), (56, 92, 148))
    draw.text((box[0] + 5, box[1] + 2), title, (255, 255, 255), font(9))
    for number, colour in enumerate([(230, 90, 80), (235, 190, 70), (90, 190, 90)]):
        x = box[2] - 10 - 12 * number
        draw.ellipse((x - 4, box[1] + 4, x + 4, box[1] + 12), colour)


def desktop():
    rng, (image, draw) = random.Random(7), canvas((52, 73, 110))
    for number in range(4):
        draw.rounded_rectangle((10, 12 + 50 * number, 40, 42 + 50 * number), 6, COLOURS[number])
        draw.text((10, 44 + 50 * number), word(rng)[:6], (255, 255, 255), font(8))
    window(draw, (60, 18, 250, 150), word(rng))
    paragraph(rng, draw, (66, 40, 244, 146), 8)
    window(draw, (140, 90, 310, 208), word(rng))
    for number in range(6):
        draw.rectangle((148, 112 + 15 * number, 158, 122 + 15 * number), COLOURS[number % 6])
        draw.text((164, 111 + 15 * number), f"{word(rng)}.{word(rng)[:3]}", INK, font(9))
    draw.rectangle((0, 220, WIDTH, HEIGHT), (28, 34, 48))
    draw.text((274, 224), "12:34", (240, 240, 240), font(10))
    return image


def code_editor():
    rng, (image, draw) = random.Random(8), canvas((30, 32, 40))
    face, depth = font(9), 0
    for row in range(17):
        draw.text((18, 6 + row * 13.5), str(row + 1), (90, 96, 110), face, anchor="ra")
        x = 26 + 14 * depth
        for _ in range(rng.randint(1, 5)):
            text = rng.choice([word(rng), f"{word(rng)}()", "=", str(rng.randint(0, 99)), f'"{word(rng)}"', "if", "->"])
            draw.text((x, 6 + row * 13.5), text, rng.choice([(198, 120, 221), (152, 195, 121), (97, 175, 239), (220, 220, 220)]), face)
            x += draw.textlength(text + " ", face)
        depth = max(0, min(5, depth + rng.choice([-1, 0, 0, 1])))
    return image


def chat():
    rng, (image, draw) = random.Random(9), canvas((236, 229, 221), (180, 320))
    draw.rectangle((0, 0, 180, 30), (18, 140, 126))
    draw.ellipse((8, 5, 28, 25), (220, 220, 220))
    draw.text((36, 9), word(rng).capitalize(), (255, 255, 255), font(11))
    top = 40
    for number in range(7):
        mine, height = number % 3 != 0, 16 + 12 * rng.randint(0, 2)
        left = 50 if mine else 8
        draw.rounded_rectangle((left, top, left + 120, top + height), 6, (220, 248, 198) if mine else (255, 255, 255))
        paragraph(rng, draw, (left + 6, top + 3, left + 114, top + height), 8)
        top += height + 8
    draw.rounded_rectangle((6, 296, 174, 314), 9, (255, 255, 255))
    return image


def web_page():
    rng, (image, draw) = random.Random(10), canvas()
    draw.rectangle((0, 0, WIDTH, 20), (222, 225, 230))
    draw.rounded_rectangle((50, 4, 300, 16), 6, (255, 255, 255))
    draw.text((58, 4), f"{word(rng)}.example/{word(rng)}", (90, 90, 90), font(8))
    draw.rectangle((0, 20, WIDTH, 62), (38, 50, 72))
    draw.text((14, 30), line_of(rng, draw, font(18), 220), (255, 255, 255), font(18))
    for column in range(3):
        left = 12 + 102 * column
        draw.rounded_rectangle((left, 74, left + 92, 226), 5, (250, 250, 252), (215, 218, 224))
        draw.rectangle((left + 6, 80, left + 86, 124), COLOURS[column])
        paragraph(rng, draw, (left + 6, 132, left + 86, 200), 8)
        draw.rounded_rectangle((left + 6, 206, left + 56, 220), 4, (56, 110, 220))
    return image


def terminal():
    rng, (image, draw) = random.Random(11), canvas((12, 12, 12))
    for row in range(17):
        if row % 5 == 0:
            text, colour = f"$ {word(rng)} --{word(rng)}", (90, 220, 120)
        else:
            text, colour = f"{rng.randint(0, 65535):5d} {line_of(rng, draw, font(9), 200)}", (210, 210, 210)
        draw.text((6, 6 + 13.5 * row), text, colour, font(9))
    return image


def dialog():
    rng, (image, draw) = random.Random(12), canvas((120, 126, 136))
    window(draw, (40, 50, 280, 190), word(rng))
    draw.polygon([(64, 128), (104, 128), (84, 92)], (250, 200, 40), INK)
    draw.text((81, 104), "!", INK, font(18))
    paragraph(rng, draw, (116, 88, 268, 140), 9)
    for left in (130, 206):
        draw.rounded_rectangle((left, 158, left + 60, 178), 4, (230, 232, 238), (120, 124, 132))
        draw.text((left + 14, 162), word(rng)[:4].capitalize(), INK, font(10))
    return image


# Charts

def axes(draw, rng):
    draw.line((36, 16, 36, 210, 306, 210), INK, 2)
    for number in range(6):
        draw.line((36, 210 - 36 * number, 306, 210 - 36 * number), (220, 220, 220))
        draw.text((30, 205 - 36 * number), str(20 * number), INK, font(9), anchor="ra")
        draw.text((44 + 48 * number, 214), word(rng)[:4], INK, font(9))


def line_chart():
    rng, (image, draw) = random.Random(13), canvas()
    axes(draw, rng)
    for colour in COLOURS[:3]:
        y, points = rng.uniform(80, 170), []
        for x in range(38, 306, 8):
            y = min(205, max(20, y + rng.uniform(-16, 15)))
            points.append((x, y))
        draw.line(points, colour, 2)
    return image


def bar_chart():
    rng, (image, draw) = random.Random(14), canvas()
    axes(draw, rng)
    for number in range(6):
        for series in range(2):
            left = 44 + 44 * number + 17 * series
            draw.rectangle((left, 210 - rng.randint(20, 180), left + 15, 209), COLOURS[series])
    return image


def pie_chart():
    rng, (image, draw) = random.Random(15), canvas()
    start = 0.0
    for number, share in enumerate([0.34, 0.22, 0.17, 0.13, 0.09, 0.05]):
        draw.pieslice((20, 30, 200, 210), start, start + 360 * share, COLOURS[number], (255, 255, 255))
        draw.rectangle((222, 50 + 24 * number, 234, 62 + 24 * number), COLOURS[number])
        draw.text((240, 50 + 24 * number), f"{word(rng)[:6]} {share:.0%}", INK, font(10))
        start += 360 * share
    return image


def scatter_plot():
    rng, (image, draw) = random.Random(16), canvas()
    axes(draw, rng)
    for _ in range(160):
        x = rng.uniform(42, 300)
        y = min(204, max(18, 190 - 0.55 * (x - 40) + rng.gauss(0, 22)))
        draw.ellipse((x - 3, y - 3, x + 3, y + 3), rng.choice(COLOURS[:2]))
    return image


def heat_map():
    rng = np.random.default_rng(17)
    values = np.kron(rng.random((12, 16)), np.ones((20, 20)))
    rgb = np.stack([255 * values, 255 * (1 - np.abs(2 * values - 1)), 255 * (1 - values)], -1)
    return Image.fromarray(rgb.astype(np.uint8))


# Plans and drawings

def street_plan():
    rng, (image, draw) = random.Random(18), canvas((242, 239, 233))
    draw.polygon([(0, 150), (110, 170), (200, 140), (320, 175), (320, 205), (200, 172), (110, 200), (0, 182)], (170, 211, 223))
    draw.polygon([(200, 20), (290, 30), (280, 100), (210, 96)], (200, 230, 180))
    for _ in range(9):
        x, tilt = rng.randint(0, WIDTH), rng.randint(-60, 60)
        draw.line((x, 0, x + tilt, HEIGHT), (255, 255, 255), rng.choice([3, 5]))
    for _ in range(7):
        y, tilt = rng.randint(0, HEIGHT), rng.randint(-50, 50)
        draw.line((0, y, WIDTH, y + tilt), (255, 255, 255), rng.choice([3, 5]))
    draw.line((0, 60, 130, 110, 320, 80), (250, 180, 90), 7, joint="curve")
    for _ in range(8):
        draw.text((rng.randint(0, 250), rng.randint(0, 225)), word(rng).capitalize(), (80, 80, 80), font(10))
    return image


def contour_lines():
    y, x = np.mgrid[0:HEIGHT, 0:WIDTH] / 40.0
    height = np.sin(x) + np.cos(1.3 * y) + 0.7 * np.sin(0.8 * x + 1.7 * y)
    steps = np.floor(height * 5)
    edge = (np.diff(steps, axis=0, append=steps[-1:]) != 0) | (np.diff(steps, axis=1, append=steps[:, -1:]) != 0)
    rgb = np.where(edge[..., None], [150, 100, 50], [236, 240, 214])
    return Image.fromarray(rgb.astype(np.uint8))


def metro_plan():
    rng, (image, draw) = random.Random(19), canvas()
    lines = [[(20, 40), (110, 40), (180, 110), (300, 110)], [(40, 220), (40, 120), (120, 40), (290, 40)],
             [(20, 180), (150, 180), (230, 100), (230, 20)], [(90, 230), (90, 120), (190, 120), (290, 220)]]
    for points, colour in zip(lines, COLOURS):
        draw.line(points, colour, 5, joint="curve")
        for (x0, y0), (x1, y1) in zip(points, points[1:]):
            for step in (0.0, 0.5, 1.0):
                x, y = x0 + step * (x1 - x0), y0 + step * (y1 - y0)
                draw.ellipse((x - 4, y - 4, x + 4, y + 4), (255, 255, 255), INK, 2)
                if step == 0.5:
                    draw.text((x + 6, y - 12), word(rng).capitalize()[:8], INK, font(8))
    return image


def floor_plan():
    rng, (image, draw) = random.Random(20), canvas((250, 250, 250))
    draw.rectangle((20, 20, 300, 220), None, INK, 5)
    for box in ((130, 20, 130, 90), (20, 120, 90, 120), (130, 120, 230, 120), (200, 120, 200, 220), (230, 60, 300, 60)):
        draw.line(box, INK, 4)
    for x, y in ((90, 120), (130, 90), (230, 120)):
        draw.arc((x - 24, y - 24, x + 24, y + 24), 0, 90, (120, 120, 120), 1)
    for x, y in ((50, 60), (180, 60), (60, 170), (150, 170), (230, 170)):
        draw.text((x, y), f"{word(rng)[:5]}\n{rng.randint(6, 30)}", (70, 70, 70), font(10))
    return image


def circuit():
    rng, (image, draw) = random.Random(21), canvas()
    for row in range(4):
        y = 36 + 56 * row
        draw.line((16, y, 304, y), INK, 2)
        for x in range(40, 290, 64):
            kind = rng.randint(0, 2)
            if kind == 0:
                draw.rectangle((x, y - 7, x + 30, y + 7), (255, 255, 255), INK, 2)
            elif kind == 1:
                draw.rectangle((x + 8, y - 2, x + 20, y + 2), (255, 255, 255))
                draw.line((x + 8, y - 12, x + 8, y + 12), INK, 3)
                draw.line((x + 20, y - 12, x + 20, y + 12), INK, 3)
            else:
                draw.polygon([(x, y - 9), (x, y + 9), (x + 22, y)], (255, 255, 255), INK)
            draw.text((x, y - 24), f"{'RCD'[kind]}{rng.randint(1, 40)}", INK, font(9))
        if row < 3:
            x = rng.choice([16, 304])
            draw.line((x, y, x, y + 56), INK, 2)
    return image


def child_drawing():
    rng, (image, draw) = random.Random(22), canvas()
    pen = dict(width=3)
    draw.rectangle((90, 120, 190, 210), None, (200, 60, 50), **pen)
    draw.line([(84, 120), (140, 66), (196, 120), (84, 120)], (60, 60, 200), **pen)
    draw.rectangle((128, 165, 152, 210), None, (120, 80, 40), **pen)
    draw.ellipse((250, 16, 296, 62), None, (245, 180, 20), **pen)
    for number in range(12):
        angle = math.tau * number / 12
        draw.line((273 + 28 * math.cos(angle), 39 + 28 * math.sin(angle), 273 + 42 * math.cos(angle), 39 + 42 * math.sin(angle)), (245, 180, 20), **pen)
    draw.ellipse((230, 120, 254, 144), None, INK, **pen)
    draw.line([(242, 144), (242, 184), (228, 212)], INK, **pen)
    draw.line([(242, 184), (256, 212)], INK, **pen)
    draw.line([(222, 162), (262, 158)], INK, **pen)
    for x in range(4, WIDTH, 7):
        draw.line((x, 216, x + rng.randint(-4, 4), 232), (50, 160, 60), 2)
    return image


# Codes, textures, noise, space

def square_code():
    rng = np.random.default_rng(23)
    modules = rng.random((33, 33)) < 0.5
    for top, left in ((0, 0), (0, 26), (26, 0)):
        modules[max(0, top - 1):top + 8, max(0, left - 1):left + 8] = False
        modules[top:top + 7, left:left + 7] = True
        modules[top + 1:top + 6, left + 1:left + 6] = False
        modules[top + 2:top + 5, left + 2:left + 5] = True
    image, _ = canvas(size=(240, 240))
    code = Image.fromarray(np.where(modules, 0, 255).astype(np.uint8)).resize((198, 198), Image.NEAREST)
    image.paste(code, (21, 21))
    return image


def bar_code():
    rng, (image, draw) = random.Random(24), canvas(size=(300, 160))
    x = 24
    while x < 272:
        thick = rng.randint(1, 4)
        draw.rectangle((x, 18, x + thick - 1, 124), INK)
        x += thick + rng.randint(1, 4)
    draw.text((60, 130), " ".join(str(rng.randint(0, 9)) for _ in range(13)), INK, font(14))
    return image


def white_noise():
    rng = np.random.default_rng(25)
    return Image.fromarray(rng.integers(0, 256, (90, 120, 3), np.uint8)).resize((240, 180), Image.NEAREST)


def clouds_of_noise():
    rng, total = np.random.default_rng(26), np.zeros((HEIGHT, WIDTH, 3))
    for octave in range(1, 6):
        coarse = Image.fromarray(rng.integers(0, 256, (3 * 2**octave, 4 * 2**octave, 3), np.uint8))
        total += np.asarray(coarse.resize((WIDTH, HEIGHT), Image.BICUBIC), float) / 2**octave
    image = Image.fromarray(np.clip(total, 0, 255).astype(np.uint8))
    return image.filter(ImageFilter.GaussianBlur(1)).quantize(64).convert("RGB")


def checkerboard():
    squares = np.kron(np.indices((6, 8)).sum(0) % 2, np.ones((40, 40)))
    return Image.fromarray((235 * squares + 10).astype(np.uint8)).convert("RGB")


def rings():
    y, x = np.mgrid[0:HEIGHT, 0:WIDTH]
    distance = np.hypot(x - 90, 1.2 * (y - 300)) + 5 * np.sin(x / 23.0) + 3 * np.sin(y / 11.0)
    shade = np.round((0.7 + 0.3 * np.sin(distance / 4.0)) * 24) / 24
    return Image.fromarray((shade[..., None] * [196, 146, 92]).astype(np.uint8))


def cells_of_points():
    rng = np.random.default_rng(27)
    points, colours = rng.random((40, 2)) * [HEIGHT, WIDTH], rng.integers(60, 256, (40, 3))
    grid = np.stack(np.mgrid[0:HEIGHT, 0:WIDTH], -1)[:, :, None]
    nearest = np.argmin(((grid - points) ** 2).sum(-1), -1)
    return Image.fromarray(colours[nearest].astype(np.uint8))


def star_field():
    rng, (image, draw) = random.Random(28), canvas((3, 3, 10))
    for _ in range(500):
        x, y, light = rng.randint(0, WIDTH), rng.randint(0, HEIGHT), int(255 * rng.random() ** 2.5)
        size = 1 if light > 215 else 0
        draw.ellipse((x - size, y - size, x + size, y + size), (light, light, min(255, light + 20)))
    return image


def ringed_planet():
    image, draw = canvas((4, 4, 8))
    draw.ellipse((30, 96, 290, 144), None, (190, 170, 130), 6)
    for band in range(75):
        shade = 1 - 0.25 * math.sin(band / 7.0)
        half = math.sqrt(75**2 - (2 * band - 75) ** 2)
        colour = tuple(int(shade * part) for part in (214, 180, 120))
        draw.rectangle((160 - half, 45 + 2 * band, 160 + half, 47 + 2 * band), colour)
    draw.arc((30, 96, 290, 144), 0, 180, (190, 170, 130), 6)
    return image


PICTURES = {
    "letter": ("document", letter),
    "article": ("document", two_columns),
    "receipt": ("document", receipt),
    "spreadsheet": ("screenshot", spreadsheet),
    "sheet-music": ("document", sheet_music),
    "scrawl": ("document", scrawl),
    "desktop": ("screenshot", desktop),
    "code-editor": ("screenshot", code_editor),
    "chat": ("screenshot", chat),
    "web-page": ("screenshot", web_page),
    "terminal": ("screenshot", terminal),
    "dialog": ("screenshot", dialog),
    "line-chart": ("chart", line_chart),
    "bar-chart": ("chart", bar_chart),
    "pie-chart": ("chart", pie_chart),
    "scatter-plot": ("chart", scatter_plot),
    "heat-map": ("chart", heat_map),
    "street-plan": ("plan", street_plan),
    "contour-lines": ("plan", contour_lines),
    "metro-plan": ("plan", metro_plan),
    "floor-plan": ("plan", floor_plan),
    "circuit": ("drawing", circuit),
    "child-drawing": ("drawing", child_drawing),
    "square-code": ("code", square_code),
    "bar-code": ("code", bar_code),
    "white-noise": ("noise", white_noise),
    "coloured-clouds": ("noise", clouds_of_noise),
    "checkerboard": ("texture", checkerboard),
    "wood-rings": ("texture", rings),
    "mosaic": ("texture", cells_of_points),
    "stars": ("space", star_field),
    "planet": ("space", ringed_planet),
}
