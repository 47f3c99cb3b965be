"""A page as the tree that html.parser sees; closing tags that do not fit fail."""

from html.parser import HTMLParser

VOID = ("meta", "img", "br", "line", "rect", "circle", "path", "link", "input")


class Element:
    """A tag with its attributes, what is in it, and the element around it."""

    def __init__(self, tag, attributes, around):
        self.tag, self.attributes, self.around = tag, dict(attributes), around
        self.inside, self.words = [], ""

    def __getitem__(self, name):
        return self.attributes.get(name)

    def all(self, *tags):
        """Elements of these tags inside this one, in the order of the page."""
        for child in self.inside:
            if child.tag in tags or not tags:
                yield child
            yield from child.all(*tags)

    def text(self):
        """Words of this element and of all inside, in no order that matters."""
        return " ".join([self.words, *(child.text() for child in self.inside)])


class Tree(HTMLParser):
    """Builds the elements."""

    def __init__(self, page):
        super().__init__()
        self.top = self.at = Element("page", [], None)
        self.feed(str(page))
        assert self.at is self.top, f"<{self.at.tag}> is not closed"

    def handle_starttag(self, tag, attrs):
        new = Element(tag, attrs, self.at)
        self.at.inside.append(new)
        if tag not in VOID:
            self.at = new

    def handle_endtag(self, tag):
        if tag not in VOID:
            assert self.at.tag == tag, f"</{tag}> closes <{self.at.tag}>"
            self.at = self.at.around

    def handle_data(self, data):
        self.at.words += data


def tree(page):
    return Tree(page).top
