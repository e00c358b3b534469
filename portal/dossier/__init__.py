"""Dossiers: what is put into one, and how it becomes a file.

Here belongs: the plain structure of a document, its drawings, and the engines that turn it into PDF.
Not here: requests, permissions, and who may download what (views, services).
"""
