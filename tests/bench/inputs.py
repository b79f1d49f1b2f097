# SPDX-License-Identifier: MIT
"""The archives of a case, and what has to come out of them."""

import json
import os
import shutil
import subprocess
import zipfile

import measure
import peers


class Recipe:
    """How archives are made: by testdata-gen, once with each of @generate. @plain: the members are
    wanted as files too. @names_only: nobody unzips all of them. @deflate64: they are zipped once
    more by 7-Zip."""

    def __init__(self, *generate, plain=False, names_only=False, deflate64=False):
        self.generate = generate
        self.plain = plain
        self.names_only = names_only
        self.deflate64 = deflate64

    def name(self):
        words = [option.strip("-").replace("=", "-") for options in self.generate
                 for option in options]
        return "_".join(words + ["deflate64"] * self.deflate64)


class Inputs:
    """The archives of a recipe, in a directory named after it: made if they are not there."""

    def __init__(self, generator, scratch, recipe):
        self.directory = os.path.join(scratch, "inputs", recipe.name())
        self.list = self.directory + ".list"
        self.plain = self.directory + ".plain" if recipe.plain else None
        made = self.directory + ".expected"
        if not os.path.exists(made):
            self.make(generator, recipe)
            expected = self.expect(recipe)
            os.sync()
            # Last, so that what was interrupted is made anew.
            with open(made, "w", encoding="utf-8") as file:
                json.dump(expected, file)
        with open(self.list, "rb") as file:
            self.archives = [os.fsdecode(path) for path in file.read().split(b"\0")[:-1]]
        with open(made, encoding="utf-8") as file:
            self.expected = json.load(file)

    def make(self, generator, recipe):
        for place in (self.directory, self.plain):
            if place:
                shutil.rmtree(place, ignore_errors=True)
                os.makedirs(place)
        for options in recipe.generate:
            subprocess.run([generator, *options, self.directory], check=True)
        self.archives = sorted(os.path.join(self.directory, name)
                               for name in os.listdir(self.directory))
        with open(self.list, "wb") as file:
            file.writelines(os.fsencode(path) + b"\0" for path in self.archives)

    def expect(self, recipe):
        """What must come out, as Python's zipfile sees it."""
        digests, names, sizes = [], [], []
        most_members = 0
        for path in self.archives:
            with zipfile.ZipFile(path) as archive:
                members = archive.infolist()
                most_members = max(most_members, len(members))
                names += [member.filename.encode() for member in members]
                sizes += [member.file_size for member in members]
                for member in members if not recipe.names_only else []:
                    with archive.open(member) as data:
                        digests.append(measure.digest(measure.read_chunks(data)))
                if self.plain:
                    archive.extractall(self.plain)
            if recipe.deflate64:
                zip_again(path)
        return {
            **(measure.summary(digests) if digests else {}), **measure.names_summary(names),
            "count": len(sizes), "bytes": sum(sizes), "largest": max(sizes),
            "most_members": most_members, "zipped": sum(map(os.path.getsize, self.archives))}

    def read_once(self):
        """Have the archives in the page cache."""
        for place in [self.directory] + ([self.plain] if self.plain else []):
            for name in os.listdir(place):
                with open(os.path.join(place, name), "rb") as file:
                    for _ in measure.read_chunks(file):
                        pass


def zip_again(path):
    """Put the members of an archive into one of Deflate64 in its place."""
    seven = peers.find("SEVENZZ", "7zz", "7z")
    if not seven:
        raise measure.Failed("archives of Deflate64 are made by 7zz, which is not installed")
    scratch = path + ".files"
    with zipfile.ZipFile(path) as archive:
        archive.extractall(scratch)
        names = archive.namelist()
    os.remove(path)
    subprocess.run([seven, "a", "-tzip", "-mm=Deflate64", "-mx=1", "-bso0", "-bsp0", path, *names],
                   cwd=scratch, check=True)
    shutil.rmtree(scratch)
